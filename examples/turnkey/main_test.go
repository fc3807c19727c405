package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRunsAgainstTheFake(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	assert.Regexp(t, `(?s)1\. The first passkey is enrolled.*Authenticator ids: [0-9a-f-]{36}\n`+
		`2\. Somebody has to approve the second one: activity [0-9a-f-]{36}, fingerprint sha256:[0-9a-f]{64}\.\n`+
		`3\. They did: ACTIVITY_STATUS_COMPLETED with 2 votes\. Authenticator ids: [0-9a-f-]{36}\n.*`+
		`POST +/public/v1/submit/create_authenticators +200 .*`+
		`POST +/public/v1/query/get_activity +200 `, out.String())
}
