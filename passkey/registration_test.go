package passkey_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

func TestBeginRegistrationAsksForWhatTheAPIExpects(t *testing.T) {
	known := encode(bytes.Repeat([]byte{0xfb}, 20))
	options, state, err := relyingParty().BeginRegistration(ada, known)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"rp": {"id": "example.com", "name": "Example"},
		"user": {"id": "`+encode([]byte("user-1"))+`", "name": "ada@example.com", "displayName": "Ada Lovelace"},
		"challenge": "`+state.Challenge+`",
		"pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -257}],
		"timeout": 600000,
		"excludeCredentials": [{"type": "public-key", "id": "`+known+`"}],
		"authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
		"attestation": "none"
	}`, string(options))
	assert.Len(t, decode(t, state.Challenge), 32)
	assert.Equal(t, "user-1", state.UserID)
	assert.Equal(t, "example.com", state.RelyingPartyID)
}

func TestBeginRegistrationFollowsThePolicy(t *testing.T) {
	rp := relyingParty()
	rp.UserVerification, rp.Timeout = passkey.UserVerificationPreferred, 2*time.Minute
	options, _, err := rp.BeginRegistration(passkey.User{ID: "1", Name: "ada@example.com"})
	require.NoError(t, err)
	var got struct {
		Timeout int
		User    struct{ DisplayName string }
		Select  struct{ UserVerification string } `json:"authenticatorSelection"`
	}
	require.NoError(t, json.Unmarshal(options, &got))
	assert.Equal(t, 120000, got.Timeout)
	assert.Equal(t, "preferred", got.Select.UserVerification)
	assert.Equal(t, "ada@example.com", got.User.DisplayName, "the name stands in for a display name")
}

func TestBeginRegistrationNeverRepeatsAChallenge(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		_, state, err := relyingParty().BeginRegistration(ada)
		require.NoError(t, err)
		require.False(t, seen[state.Challenge])
		seen[state.Challenge] = true
	}
}

func TestBeginRegistrationTakesIDsInOldSpellings(t *testing.T) {
	options, _, err := relyingParty().BeginRegistration(ada, "+/+/+w==", "-_-_-w")
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(options), `"id":"-_-_-w"`))
}

func TestBeginRegistrationRejectsArguments(t *testing.T) {
	for name, c := range map[string]struct {
		user    passkey.User
		exclude []string
		check   string
	}{
		"no user id":               {user: passkey.User{Name: "a"}, check: "User.ID"},
		"user id of 65 bytes":      {user: passkey.User{ID: strings.Repeat("a", 65), Name: "a"}, check: "User.ID"},
		"user id is not text":      {user: passkey.User{ID: "\xff", Name: "a"}, check: "User.ID"},
		"no user name":             {user: passkey.User{ID: "1", Name: " "}, check: "User.Name"},
		"user name is not text":    {user: passkey.User{ID: "1", Name: "\xff"}, check: "User.Name"},
		"display name is not text": {user: passkey.User{ID: "1", Name: "a", DisplayName: "\xff"}, check: "User.DisplayName"},
		"excluded id is no base64": {user: ada, exclude: []string{"AAAA", "not base64"}, check: "exclude[1]"},
		"excluded id has newline":  {user: ada, exclude: []string{"AAAA\n"}, check: "exclude[0]"},
		"excluded id is empty":     {user: ada, exclude: []string{""}, check: "exclude[0]"},
		"excluded id is too long":  {user: ada, exclude: []string{strings.Repeat("A", 1368)}, check: "exclude[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			options, state, err := relyingParty().BeginRegistration(c.user, c.exclude...)
			assert.Nil(t, options)
			assert.Nil(t, state)
			requireRejection(t, err, passkey.ErrConfiguration, c.check)
		})
	}
}

func TestFinishRegistration(t *testing.T) {
	for name, options := range map[string][]passkeytest.Option{
		"ES256":                  {passkeytest.WithAlgorithms(passkeytest.AlgorithmES256)},
		"RS256":                  {passkeytest.WithAlgorithms(passkeytest.AlgorithmRS256)},
		"ES256 attesting itself": {passkeytest.WithAlgorithms(passkeytest.AlgorithmES256), passkeytest.WithSelfAttestation()},
		"RS256 attesting itself": {passkeytest.WithAlgorithms(passkeytest.AlgorithmRS256), passkeytest.WithSelfAttestation()},
		"security key":           {passkeytest.WithTransports("usb", "nfc"), passkeytest.WithBackup(false, false), passkeytest.WithSignCount(7)},
		"subdomain":              {passkeytest.WithOrigin("https://app.example.com")},
	} {
		t.Run(name, func(t *testing.T) {
			rp := relyingParty()
			state, response := begin(t, rp, passkeytest.NewAuthenticator(options...))
			c, err := rp.FinishRegistration(state, response, " Ada's phone ")
			require.NoError(t, err)
			requireSound(t, c)
			assert.Equal(t, "Ada's phone", c.Authenticator.AuthenticatorName)
			assert.Equal(t, state.Challenge, c.Authenticator.Challenge)

			var sent struct {
				ID       string
				Response struct{ ClientDataJSON, AttestationObject string }
			}
			require.NoError(t, json.Unmarshal(response, &sent))
			assert.Equal(t, sent.ID, c.ID)
			assert.Equal(t, sent.Response.ClientDataJSON, c.Authenticator.Attestation.ClientDataJSON)
			assert.Equal(t, sent.Response.AttestationObject, c.Authenticator.Attestation.AttestationObject)
		})
	}
}

func TestFinishRegistrationTellsAboutTheAuthenticator(t *testing.T) {
	rp := relyingParty()
	rp.UserVerification = passkey.UserVerificationPreferred
	state, response := begin(t, rp, passkeytest.NewAuthenticator(
		passkeytest.WithAAGUID([16]byte{0xea, 0x9b, 0x8d, 0x66, 0x4d, 0x01, 0x1d, 0x21, 0x3c, 0xe4, 0xb6, 0xb4, 0x8c, 0xb5, 0x75, 0xd4}),
		passkeytest.WithTransports("internal"), passkeytest.WithBackup(true, false),
		passkeytest.WithSignCount(7), passkeytest.WithUserVerification(false)))
	c, err := rp.FinishRegistration(state, response, "phone")
	require.NoError(t, err)
	assert.Equal(t, "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", c.AAGUID)
	assert.Equal(t, []string{"internal"}, c.Transports)
	assert.Equal(t, []byzantine.AuthenticatorTransport{byzantine.TransportInternal}, c.Authenticator.Attestation.Transports)
	assert.Equal(t, uint32(7), c.SignCount)
	assert.True(t, c.BackupEligible)
	assert.False(t, c.BackedUp)
	assert.False(t, c.UserVerified)
}

func TestRegistrationStateSurvivesJSON(t *testing.T) {
	rp := relyingParty()
	state, response := begin(t, rp, passkeytest.NewAuthenticator())
	stored, err := json.Marshal(state)
	require.NoError(t, err)
	var restored passkey.RegistrationState
	require.NoError(t, json.Unmarshal(stored, &restored))
	assert.Equal(t, *state, restored)

	var fields map[string]any
	require.NoError(t, json.Unmarshal(stored, &fields))
	for _, name := range []string{"userId", "rpId", "challenge", "expiresAt"} {
		assert.Contains(t, fields, name, "stored states must stay readable in later versions")
	}
	_, err = rp.FinishRegistration(&restored, response, "phone")
	require.NoError(t, err)
}

func TestRegistrationStateExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rp := relyingParty()
		state, response := begin(t, rp, passkeytest.NewAuthenticator())
		time.Sleep(11*time.Minute - time.Second)
		_, err := rp.FinishRegistration(state, response, "phone")
		require.NoError(t, err, "ten minutes and a minute for the way back")
		time.Sleep(time.Second)
		_, err = rp.FinishRegistration(state, response, "phone")
		requireRejection(t, err, passkey.ErrExpired, "RegistrationState.ExpiresAt")
	})
}

func TestFinishRegistrationRejectsStates(t *testing.T) {
	rp := relyingParty()
	state, response := begin(t, rp, passkeytest.NewAuthenticator())
	for name, change := range map[string]func(s *passkey.RegistrationState) *passkey.RegistrationState{
		"none":            func(*passkey.RegistrationState) *passkey.RegistrationState { return nil },
		"zero":            func(*passkey.RegistrationState) *passkey.RegistrationState { return &passkey.RegistrationState{} },
		"no challenge":    func(s *passkey.RegistrationState) *passkey.RegistrationState { s.Challenge = ""; return s },
		"short challenge": func(s *passkey.RegistrationState) *passkey.RegistrationState { s.Challenge = "AAAA"; return s },
		"no user":         func(s *passkey.RegistrationState) *passkey.RegistrationState { s.UserID = ""; return s },
		"no end":          func(s *passkey.RegistrationState) *passkey.RegistrationState { s.ExpiresAt = time.Time{}; return s },
		"another relying party": func(s *passkey.RegistrationState) *passkey.RegistrationState {
			s.RelyingPartyID = "example.org"
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			changed := *state
			c, err := rp.FinishRegistration(change(&changed), response, "phone")
			assert.Nil(t, c)
			requireRejection(t, err, passkey.ErrState, "RegistrationState")
		})
	}
}

func TestAnotherUsersResponseDoesNotFit(t *testing.T) {
	rp := relyingParty()
	mine, _ := begin(t, rp, passkeytest.NewAuthenticator())
	_, theirs := begin(t, rp, passkeytest.NewAuthenticator())
	_, err := rp.FinishRegistration(mine, theirs, "phone")
	requireRejection(t, err, passkey.ErrChallenge, "credential.response.clientDataJSON.challenge")
}

func TestUserVerificationIsRequiredUnlessTheRelyingPartySaysOtherwise(t *testing.T) {
	lenient := relyingParty()
	lenient.UserVerification = passkey.UserVerificationPreferred
	state, response := begin(t, lenient, passkeytest.NewAuthenticator(passkeytest.WithUserVerification(false)))
	_, err := lenient.FinishRegistration(state, response, "phone")
	require.NoError(t, err)

	strict := relyingParty()
	for _, required := range []passkey.UserVerification{passkey.UserVerificationRequired, ""} {
		strict.UserVerification = required
		_, err = strict.FinishRegistration(state, response, "phone")
		requireRejection(t, err, passkey.ErrUserVerification, "credential.response.attestationObject.authData.flags")
	}
}

func TestAuthenticatorName(t *testing.T) {
	rp := relyingParty()
	state, response := begin(t, rp, passkeytest.NewAuthenticator())
	for name, c := range map[string]struct{ given, want string }{
		"trimmed":             {"\t My key \n", "My key"},
		"64 characters":       {strings.Repeat("é", 64), strings.Repeat("é", 64)},
		"emoji with a joiner": {"👩‍💻", "👩‍💻"},
		"empty":               {"", ""},
		"blank":               {" \n", ""},
		"65 characters":       {strings.Repeat("é", 65), ""},
		"not UTF-8":           {"a\xffb", ""},
		"control character":   {"a\x00b", ""},
		"line break":          {"a\nb", ""},
	} {
		t.Run(name, func(t *testing.T) {
			finished, err := rp.FinishRegistration(state, response, c.given)
			parsed, parseErr := passkey.ParseUnverified(response, c.given)
			if c.want == "" {
				requireRejection(t, err, passkey.ErrName, "name")
				requireRejection(t, parseErr, passkey.ErrName, "name")
				return
			}
			require.NoError(t, err)
			require.NoError(t, parseErr)
			assert.Equal(t, c.want, finished.Authenticator.AuthenticatorName)
			assert.Equal(t, c.want, parsed.Authenticator.AuthenticatorName)
		})
	}
}

// requireRejection requires that err is an *Error of this kind and with this Check.
func requireRejection(t testing.TB, err error, kind error, check string) {
	t.Helper()
	require.ErrorIs(t, err, kind)
	var rejection *passkey.Error
	require.ErrorAs(t, err, &rejection)
	assert.Equal(t, check, rejection.Check)
	assert.NotEmpty(t, rejection.Reason)
	assert.True(t, strings.HasPrefix(err.Error(), "passkey: "+check+": "), err.Error())
}
