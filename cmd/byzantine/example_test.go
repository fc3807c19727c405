package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// The example of every operation is a request that is sent, and not one that is rejected before.
func TestExamplesOfAllOperationsAreValid(t *testing.T) {
	for op := range byzantine.Operations() {
		args, body, err := exampleOf(op)
		require.NoError(t, err, op.ID)
		request, err := buildRequest(&process{}, op, args, body)
		assert.NoError(t, err, "%s %v %s", op.ID, args, body)
		assert.NotContains(t, request.PathAndQuery, "{")
	}
}

// The allowed values are those of the API's document, below references, lists and objects.
func TestAllowedValues(t *testing.T) {
	assert.Contains(t, allowedValues("create_credential")["accessScope"], "read_write")
	assert.Contains(t, allowedValues("get_customers")["customerType"], "individual")
	assert.Contains(t, allowedValues("create_authenticators_otp")["authenticators[].attestation.transports[]"], "AUTHENTICATOR_TRANSPORT_INTERNAL")
	assert.Contains(t, allowedValues("create_individual_account")["additionalUserInfo.employmentStatus"], "employed")
	assert.Nil(t, allowedValues("create_individual_account")["userInfo.firstName"])
}
