package byzantinetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// enrolment is a user at an account, and the calls that enrol a passkey for them.
type enrolment struct {
	t                 *testing.T
	server            *byzantinetest.Server
	client            *byzantine.Client
	accountID, userID string
}

func newEnrolment(t *testing.T) *enrolment {
	server := newServer(t)
	user := server.AddUser(byzantinetest.User{})
	account := server.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	return &enrolment{t, server, server.Client(), account.ID, user.ID}
}

func (e *enrolment) otp() string {
	otp, err := e.client.InitOTP(e.t.Context(), &byzantine.InitOTPRequest{AccountID: e.accountID, UserID: e.userID})
	require.NoError(e.t, err)
	return otp.OTPID
}

func (e *enrolment) auth(otpID, code string) (*byzantine.OTPSession, error) {
	return e.client.OTPAuth(e.t.Context(), &byzantine.OTPAuthRequest{
		AccountID: e.accountID, UserID: e.userID, OTPID: otpID, OTPCode: code,
	})
}

func (e *enrolment) session() string {
	id := e.otp()
	session, err := e.auth(id, e.server.OTPCode(id))
	require.NoError(e.t, err)
	assert.True(e.t, session.ExpiresAt.After(e.server.Now()))
	return session.SessionID
}

func (e *enrolment) create(sessionID string, authenticators ...byzantine.AuthenticatorParam) ([]string, error) {
	created, err := e.client.CreateAuthenticatorsOTP(e.t.Context(), &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID: sessionID, AccountID: e.accountID, UserID: e.userID, Authenticators: authenticators,
	})
	if err != nil {
		return nil, err
	}
	return created.AuthenticatorIDs, nil
}

func TestEnrolment(t *testing.T) {
	e := newEnrolment(t)
	ids, err := e.create(e.session(), newPasskey(t), newPasskey(t))
	require.NoError(t, err)
	assert.Len(t, ids, 2)
	assert.NotEqual(t, ids[0], ids[1])
}

func TestUnknownAccountsAndUsers(t *testing.T) {
	e := newEnrolment(t)
	outsider := e.server.AddUser(byzantinetest.User{})
	for name, ids := range map[string][2]string{
		"unknown account":    {unknownID, e.userID},
		"unknown user":       {e.accountID, unknownID},
		"user of no account": {e.accountID, outsider.ID},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := e.client.InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: ids[0], UserID: ids[1]})
			assert.ErrorIs(t, err, byzantine.ErrNotFound)
			_, err = e.client.OTPAuth(t.Context(), &byzantine.OTPAuthRequest{AccountID: ids[0], UserID: ids[1], OTPID: "x", OTPCode: "1"})
			assert.ErrorIs(t, err, byzantine.ErrNotFound)
		})
	}
}

func TestCodes(t *testing.T) {
	e := newEnrolment(t)
	wrong := func(code string) string { return code[:5] + string('0'+(code[5]-'0'+1)%10) }

	t.Run("a wrong code is refused and the right one still counts", func(t *testing.T) {
		id := e.otp()
		_, err := e.auth(id, wrong(e.server.OTPCode(id)))
		assert.ErrorIs(t, err, byzantine.ErrBadRequest)
		_, err = e.auth(id, e.server.OTPCode(id))
		assert.NoError(t, err)
	})
	t.Run("a code counts once", func(t *testing.T) {
		id := e.otp()
		_, err := e.auth(id, e.server.OTPCode(id))
		require.NoError(t, err)
		_, err = e.auth(id, e.server.OTPCode(id))
		assert.ErrorContains(t, err, "used up")
	})
	t.Run("five wrong ones use it up", func(t *testing.T) {
		id := e.otp()
		for range 5 {
			_, err := e.auth(id, wrong(e.server.OTPCode(id)))
			require.ErrorContains(t, err, "wrong one-time code")
		}
		_, err := e.auth(id, e.server.OTPCode(id))
		assert.ErrorContains(t, err, "too many wrong attempts")
	})
	t.Run("a code expires", func(t *testing.T) {
		id := e.otp()
		e.server.Advance(10 * time.Minute)
		_, err := e.auth(id, e.server.OTPCode(id))
		assert.ErrorContains(t, err, "expired")
		assert.ErrorIs(t, err, byzantine.ErrBadRequest)
	})
	t.Run("a code of somebody else is refused", func(t *testing.T) {
		other := newEnrolment(t)
		id := other.otp()
		_, err := e.auth(id, other.server.OTPCode(id))
		assert.ErrorIs(t, err, byzantine.ErrBadRequest)
	})
}

func TestSessions(t *testing.T) {
	e := newEnrolment(t)
	_, err := e.create(unknownID, newPasskey(t))
	assert.ErrorIs(t, err, byzantine.ErrNotFound, "unknown session")

	session := e.session()
	e.server.Advance(15 * time.Minute)
	_, err = e.create(session, newPasskey(t))
	assert.ErrorIs(t, err, byzantine.ErrBadRequest, "expired session")

	colleague := e.server.AddUser(byzantinetest.User{})
	account := e.server.AddAccount(byzantinetest.Account{UserIDs: []string{e.userID, colleague.ID}})
	session = e.session()
	e.accountID = account.ID
	_, err = e.create(session, newPasskey(t))
	assert.ErrorIs(t, err, byzantine.ErrNotFound, "a session of another account")
}

func TestAttestationsAreChecked(t *testing.T) {
	e := newEnrolment(t)
	session := e.session()
	good, other := newPasskey(t), newPasskey(t)
	for name, spoil := range map[string]func(*byzantine.AuthenticatorParam){
		"challenge of another":     func(p *byzantine.AuthenticatorParam) { p.Challenge = other.Challenge },
		"credential id of another": func(p *byzantine.AuthenticatorParam) { p.Attestation.CredentialID = other.Attestation.CredentialID },
		"no CBOR":                  func(p *byzantine.AuthenticatorParam) { p.Attestation.AttestationObject = "Zm9v" },
		"no client data":           func(p *byzantine.AuthenticatorParam) { p.Attestation.ClientDataJSON = "Zm9v" },
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := good
			spoil(&spoilt)
			_, err := e.create(session, other, spoilt)
			require.ErrorIs(t, err, byzantine.ErrBadRequest)
			assert.ErrorContains(t, err, "authenticators[1]")
		})
	}
	_, err := e.create(session, good, other)
	require.NoError(t, err, "a refused request added nothing")
	_, err = e.create(session, good)
	assert.ErrorContains(t, err, "already registered")
	third := newPasskey(t)
	_, err = e.create(session, third, third)
	assert.ErrorContains(t, err, "already registered", "twice in one request")
}
