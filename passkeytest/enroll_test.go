package passkeytest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

var party = &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}

func newUser(sandbox *byzantinetest.Server) passkeytest.User {
	user := sandbox.AddUser(byzantinetest.User{})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	return passkeytest.User{AccountID: account.ID, UserID: user.ID, RelyingParty: party}
}

// A test adds a passkey to a user of the sandbox, with a one-time code.
func ExampleEnroll() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	code := func(_ context.Context, otpID string) (string, error) { return sandbox.OTPCode(otpID), nil }

	enrolled, err := passkeytest.Enroll(context.Background(), sandbox.Client(), newUser(sandbox), code)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("authenticator id of", len(enrolled.AuthenticatorID), "characters")
	// Output: authenticator id of 36 characters
}

func TestEnrolledPasskeySigns(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	user := newUser(sandbox)
	enrolled, err := passkeytest.Enroll(t.Context(), sandbox.Client(), user,
		func(_ context.Context, otpID string) (string, error) { return sandbox.OTPCode(otpID), nil })
	require.NoError(t, err)

	payload, err := sandbox.Client().GetActivateAccountPayloadPasskey(t.Context(),
		&byzantine.GetActivateAccountPayloadPasskeyRequest{AccountID: user.AccountID, ChainID: byzantine.ChainBase})
	require.NoError(t, err)
	transactor := &passkey.Transactor{Client: sandbox.Client(), RelyingParty: party}
	options, draft, err := transactor.Begin(user.UserID, payload, []passkey.Credential{enrolled.Credential})
	require.NoError(t, err)
	response, err := enrolled.Authenticator.Get(options)
	require.NoError(t, err)
	_, err = transactor.Finish(t.Context(), user.UserID, draft, response)
	require.NoError(t, err)
}

func TestEnrollReportsTheStep(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	user := newUser(sandbox)
	noMail := errors.New("no mail")
	right := func(_ context.Context, otpID string) (string, error) { return sandbox.OTPCode(otpID), nil }
	with := func(code string, err error) func(context.Context, string) (string, error) {
		return func(context.Context, string) (string, error) { return code, err }
	}
	enroll := func(user passkeytest.User, code func(context.Context, string) (string, error), opts ...passkeytest.Option) error {
		enrolled, err := passkeytest.Enroll(t.Context(), sandbox.Client(), user, code, opts...)
		assert.Nil(t, enrolled)
		return err
	}
	require.ErrorIs(t, enroll(user, with("", noMail)), noMail)
	require.ErrorIs(t, enroll(user, with("wrong", nil)), byzantine.ErrBadRequest)
	require.ErrorContains(t, enroll(user, nil), "code is nil")
	require.ErrorContains(t, enroll(passkeytest.User{AccountID: user.AccountID, UserID: user.UserID}, right), "User.RelyingParty is nil")
	require.ErrorContains(t, enroll(passkeytest.User{AccountID: "x", UserID: user.UserID, RelyingParty: party}, right), "AccountID")
	require.ErrorContains(t, enroll(user, right, passkeytest.WithOrigin("https://elsewhere.org")), "registration: ")
	require.EqualError(t, enroll(user, right, passkeytest.WithAlgorithms(-8)), "passkeytest: Enroll: WithAlgorithms: -8 is neither AlgorithmES256 nor AlgorithmRS256")
	require.EqualError(t, enroll(user, right, nil), "passkeytest: Enroll: option 1 is nil")
	assert.PanicsWithValue(t, "passkeytest: NewAuthenticator: option 1 is nil", func() { passkeytest.NewAuthenticator(nil) })
	_, err := passkeytest.Enroll(t.Context(), nil, user, right)
	require.ErrorContains(t, err, "client is nil")

	sandbox.Fail("create_authenticators_otp", 3, byzantinetest.Fault{Reset: true, TakesEffect: true})
	require.ErrorIs(t, enroll(user, right), byzantine.ErrOutcomeUnknown)
}
