package turnkeytest_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/turnkey"
	"github.com/byzantine-finance/byzantine-go/turnkeytest"
)

func newFake(t testing.TB, organization turnkeytest.Organization) *turnkeytest.Fake {
	t.Helper()
	fake, err := turnkeytest.New(organization)
	require.NoError(t, err)
	return fake
}

// startServer starts a fake on a loopback port.
func startServer(t *testing.T) *turnkeytest.Server {
	t.Helper()
	server := turnkeytest.NewServer(turnkeytest.Organization{})
	t.Cleanup(server.Close)
	return server
}

// submit sends the fake a body with a stamp and returns the response. There is no stamp if it is "".
func submit(fake http.Handler, path, stamp, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest("POST", "/public/v1"+path, strings.NewReader(body))
	if stamp != "" {
		request.Header.Set("X-Stamp", stamp)
	}
	recorder := httptest.NewRecorder()
	fake.ServeHTTP(recorder, request)
	return recorder
}

// stampOf makes a stamp without the client's code. change changes the stamp's fields before they are encoded; nil
// changes nothing.
func stampOf(t *testing.T, key *byzantine.PrivateKey, body string, change func(stamp map[string]any)) string {
	t.Helper()
	digest := sha256.Sum256([]byte(body))
	der, err := key.SignDigest(context.Background(), digest[:])
	require.NoError(t, err)
	stamp := map[string]any{
		"publicKey": hex.EncodeToString(key.PublicKey()), "scheme": "SIGNATURE_SCHEME_TK_API_P256", "signature": hex.EncodeToString(der),
	}
	if change != nil {
		change(stamp)
	}
	text, err := json.Marshal(stamp)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(text)
}

// Turnkey's own client has made these requests and stamps, in each of the three ways in which it signs.
func TestTheStampsOfTurnkeysClientAreAccepted(t *testing.T) {
	text, err := os.ReadFile("testdata/turnkey_stamps.json")
	require.NoError(t, err)
	var recorded struct {
		Key, OrganizationID, UserID string
		Requests                    []struct {
			Stamper, Body string
			Stamp         string `json:"X-Stamp"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &recorded))
	require.Len(t, recorded.Requests, 3)
	key, err := byzantine.ParsePrivateKey(recorded.Key)
	require.NoError(t, err)

	for _, theirs := range recorded.Requests {
		t.Run(theirs.Stamper, func(t *testing.T) {
			fake := newFake(t, turnkeytest.Organization{ID: recorded.OrganizationID, UserID: recorded.UserID, Key: key})
			response := submit(fake, "/submit/create_authenticators", theirs.Stamp, theirs.Body)
			assert.Equal(t, 200, response.Code, response.Body)
			require.Len(t, fake.Authenticators(), 1)

			// Our client makes the same bytes of the same passkey, and so the same activity.
			server := httptest.NewServer(fake)
			defer server.Close()
			var request turnkey.CreateAuthenticatorsRequest
			require.NoError(t, json.Unmarshal([]byte(theirs.Body), &request))
			ms, err := strconv.ParseInt(request.TimestampMs, 10, 64)
			require.NoError(t, err)
			client, err := turnkey.NewClient(key, recorded.OrganizationID, byzantine.WithBaseURL(server.URL),
				byzantine.WithClock(func() time.Time { return time.UnixMilli(ms) }))
			require.NoError(t, err)
			_, err = client.CreateAuthenticators(t.Context(), recorded.UserID, fake.Authenticators())
			require.NoError(t, err)
			assert.Equal(t, theirs.Body, string(fake.Requests()[1].Body))
			assert.Len(t, fake.Authenticators(), 1)

			response = submit(fake, "/submit/create_authenticators", theirs.Stamp, theirs.Body+" ")
			assert.Equal(t, 401, response.Code, "other bytes than those that were signed")
		})
	}
}

func TestStampsAreChecked(t *testing.T) {
	fake := newFake(t, turnkeytest.Organization{})
	organization := fake.Organization()
	body := `{"organizationId":"` + organization.ID + `","activityId":"a-1"}`
	const path = "/query/get_activity"
	other, err := byzantine.GenerateKey()
	require.NoError(t, err)

	good := stampOf(t, organization.Key, body, nil)
	assert.Equal(t, 404, submit(fake, path, good, body).Code, "only the activity is missing")

	for name, c := range map[string]struct{ stamp, code, words string }{
		"none":          {"", "SIGNATURE_INVALID", "does not hold a JSON object"},
		"padded":        {good + "=", "SIGNATURE_INVALID", "not base64url without padding"},
		"not base64url": {"+/+/", "SIGNATURE_INVALID", "not base64url without padding"},
		"no JSON":       {"AAAA", "SIGNATURE_INVALID", "does not hold a JSON object"},
		"another scheme": {stampOf(t, organization.Key, body, func(s map[string]any) { s["scheme"] = "SIGNATURE_SCHEME_TK_API_SECP256K1" }),
			"SIGNATURE_INVALID", "scheme is not"},
		"0x before the key": {stampOf(t, organization.Key, body, func(s map[string]any) { s["publicKey"] = organization.Key.PublicKeyHex() }),
			"SIGNATURE_INVALID", "publicKey is not hexadecimal"},
		"no key": {stampOf(t, organization.Key, body, func(s map[string]any) { delete(s, "publicKey") }),
			"SIGNATURE_INVALID", "publicKey: it is not a compressed P-256 point"},
		"names in other letters": {stampOf(t, organization.Key, body, func(s map[string]any) {
			s["PublicKey"] = s["publicKey"]
			delete(s, "publicKey")
		}), "SIGNATURE_INVALID", "publicKey: it is not a compressed P-256 point"},
		"0x before the signature": {stampOf(t, organization.Key, body, func(s map[string]any) { s["signature"] = "0x" + s["signature"].(string) }),
			"SIGNATURE_INVALID", "signature is not hexadecimal"},
		"of other bytes":         {stampOf(t, organization.Key, body+" ", nil), "SIGNATURE_INVALID", "does not verify"},
		"of the path as well":    {stampOf(t, organization.Key, "/public/v1"+path+body, nil), "SIGNATURE_INVALID", "does not verify"},
		"a number for signature": {stampOf(t, organization.Key, body, func(s map[string]any) { s["signature"] = 7 }), "SIGNATURE_INVALID", "does not verify"},
		"of another key in its name": {stampOf(t, other, body, func(s map[string]any) { s["publicKey"] = hex.EncodeToString(organization.Key.PublicKey()) }),
			"SIGNATURE_INVALID", "does not verify"},
		"of an unknown key": {stampOf(t, other, body, nil), "REQUEST_NOT_AUTHORIZED", "no such API key"},
	} {
		t.Run(name, func(t *testing.T) {
			response := submit(fake, path, c.stamp, body)
			assert.Equal(t, 401, response.Code)
			var status turnkey.Status
			require.NoError(t, json.Unmarshal(response.Body.Bytes(), &status))
			assert.Equal(t, int32(16), status.Code)
			assert.Contains(t, status.Message, c.words)
			assert.Equal(t, turnkey.ErrorCode(c.code), status.TurnkeyErrorCode)
			requests := fake.Requests()
			assert.Equal(t, status.Message, requests[len(requests)-1].Verdict)
		})
	}
}

func TestKeys(t *testing.T) {
	server := startServer(t)
	organization := server.Organization()
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	client, err := turnkey.NewClient(key, organization.ID, byzantine.WithBaseURL(server.URL))
	require.NoError(t, err)
	create := func() error {
		_, err := client.CreateAuthenticators(t.Context(), organization.UserID, []byzantine.AuthenticatorParam{newPasskey(t)})
		return err
	}
	rejectedWith := func(err error, status int, code turnkey.ErrorCode) {
		t.Helper()
		var rejected *turnkey.Error
		require.ErrorAs(t, err, &rejected)
		assert.Equal(t, status, rejected.Err.StatusCode)
		assert.Equal(t, code, rejected.TurnkeyErrorCode)
	}
	rejectedWith(create(), 401, turnkey.CodeRequestNotAuthorized)

	server.AddParentKey(key.PublicKeyHex())
	rejectedWith(create(), 403, turnkey.CodeRequestNotAuthorized)
	_, err = client.GetActivity(t.Context(), "a-1")
	rejectedWith(err, 404, turnkey.CodeUnspecified)

	server.AddKey(key.PublicKeyHex())
	assert.NoError(t, create())
}

func TestInvalidRequestsAreRejected(t *testing.T) {
	server := startServer(t)
	organization := server.Organization()
	elsewhere, err := turnkey.NewClient(organization.Key, "11111111-1111-4111-8111-111111111111", byzantine.WithBaseURL(server.URL))
	require.NoError(t, err)
	twice, forged, failing := newPasskey(t), newPasskey(t), newPasskey(t)
	forged.Challenge = newPasskey(t).Challenge
	now := time.Now()
	client := server.Client(byzantine.WithClock(func() time.Time { // so that no two requests are the same
		now = now.Add(time.Second)
		return now
	}))
	create := func(client *turnkey.Client, userID string, passkeys ...byzantine.AuthenticatorParam) error {
		_, err := client.CreateAuthenticators(t.Context(), userID, passkeys)
		return err
	}
	for name, c := range map[string]struct {
		err    error
		status int
		words  string
	}{
		"another organisation":   {create(elsewhere, organization.UserID, twice), 404, "no such organization"},
		"another user":           {create(client, "ada", twice), 404, "no such user"},
		"the same passkey twice": {create(client, organization.UserID, twice, twice), 400, "authenticators[1]: the credential is already registered"},
		"a challenge of another": {create(client, organization.UserID, forged), 400, "the challenge is not the one in clientDataJson"},
	} {
		t.Run(name, func(t *testing.T) {
			var rejected *turnkey.Error
			require.ErrorAs(t, c.err, &rejected)
			assert.Equal(t, c.status, rejected.Err.StatusCode)
			assert.Contains(t, rejected.Message, c.words)
		})
	}
	assert.Empty(t, server.Authenticators())

	server.Play(turnkey.ActivityFailed)
	assert.Error(t, create(client, organization.UserID, failing))
	server.Play(turnkey.ActivityConsensusNeeded)
	assert.ErrorContains(t, create(client, organization.UserID, failing), "approve", "a passkey of a failed activity is free again")
	assert.ErrorContains(t, create(client, organization.UserID, failing), "already registered", "one on its way is not")

	for _, body := range []string{``, `[]`, `{`, `{"type":"ACTIVITY_TYPE_CREATE_AUTHENTICATORS_V2"}`} {
		response := submit(server, "/submit/create_authenticators", stampOf(t, organization.Key, body, nil), body)
		assert.Equal(t, 400, response.Code, body)
	}
	assert.Equal(t, 404, submit(server, "/submit/create_wallet", "", "").Code)
}

func TestResponsesHaveTwoShapes(t *testing.T) {
	fake := newFake(t, turnkeytest.Organization{})
	request := requestBody(t, fake, newPasskey(t))
	fields := func() map[string]any {
		response := submit(fake, "/submit/create_authenticators", stampOf(t, fake.Organization().Key, request, nil), request)
		require.Equal(t, 200, response.Code, response.Body)
		var body struct{ Activity map[string]any }
		require.NoError(t, json.NewDecoder(response.Body).Decode(&body))
		return body.Activity
	}
	flat := fields()
	assert.Contains(t, flat["result"], "createAuthenticatorsResult")
	fake.NestResults(true)
	nested := fields()
	assert.NotContains(t, nested, "intent")
	assert.Equal(t, flat["id"], nested["id"])
	assert.Equal(t, flat, nested["result"].(map[string]any)["activity"])
}

// requestBody returns the body of a request for the passkey.
func requestBody(t *testing.T, fake *turnkeytest.Fake, passkey byzantine.AuthenticatorParam) string {
	t.Helper()
	organization := fake.Organization()
	client, err := turnkey.NewClient(organization.Key, organization.ID)
	require.NoError(t, err)
	text, err := json.Marshal(client.NewCreateAuthenticatorsRequest(organization.UserID, []byzantine.AuthenticatorParam{passkey}))
	require.NoError(t, err)
	return string(text)
}

func TestFaults(t *testing.T) {
	server := startServer(t)
	server.Fail("get_activity", 1, turnkeytest.Fault{Status: 418, Body: "teapot"})
	client := server.Client()
	_, err := client.GetActivity(t.Context(), "a-1")
	assert.ErrorContains(t, err, "418 I'm a teapot: teapot")
	_, err = client.GetActivity(t.Context(), "a-1")
	assert.ErrorIs(t, err, byzantine.ErrNotFound)

	assert.Contains(t, panicText(t, func() { server.Fail("create_wallet", 1, turnkeytest.Fault{}) }), `no operation "create_wallet"`)
	assert.Contains(t, panicText(t, func() { server.Play() }), "no status")
	assert.Contains(t, panicText(t, func() { server.Approve("a-1") }), "waits for an approval")
	assert.Contains(t, panicText(t, func() { server.Client(byzantine.WithMaxAttempts(0)) }), "must be at least 1")
}

// A request with a delay is in the journal whether the client waits or not. It is handled if it takes effect before the delay.
func TestFaultDelayThatTheClientDoesNotWaitFor(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, takesEffect := range []bool{false, true} {
		fake := newFake(t, turnkeytest.Organization{})
		body := requestBody(t, fake, newPasskey(t))
		fake.Fail("create_authenticators", 1, turnkeytest.Fault{Delay: time.Hour, TakesEffect: takesEffect})
		request := httptest.NewRequestWithContext(gone, "POST", "/public/v1/submit/create_authenticators", strings.NewReader(body))
		request.Header.Set("X-Stamp", stampOf(t, fake.Organization().Key, body, nil))
		fake.ServeHTTP(httptest.NewRecorder(), request)
		require.Len(t, fake.Requests(), 1)
		status, created := 0, 0
		if takesEffect {
			status, created = 200, 1
		}
		assert.Equal(t, status, fake.Requests()[0].Status)
		assert.Len(t, fake.Authenticators(), created)
	}
}

func TestOrganizationIsAsAskedFor(t *testing.T) {
	asked := turnkeytest.Organization{ID: "org", UserID: "user"}
	got := newFake(t, asked).Organization()
	require.NotNil(t, got.Key)
	asked.Key = got.Key
	assert.Equal(t, asked, got)
	assert.Regexp(t, "^[0-9a-f-]{36}$", newFake(t, turnkeytest.Organization{}).Organization().ID)
}

func FuzzStamp(f *testing.F) {
	fake := newFake(f, turnkeytest.Organization{})
	f.Add(`{"publicKey":"0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6","scheme":"SIGNATURE_SCHEME_TK_API_P256","signature":"3006020101020101"}`, `{}`)
	f.Add(`{"publicKey":7}`, ``)
	f.Add(`null`, `[]`)
	f.Fuzz(func(t *testing.T, stamp, body string) {
		response := submit(fake, "/query/get_activity", base64.RawURLEncoding.EncodeToString([]byte(stamp)), body)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Equal(t, 401, response.Code, "nobody can sign for the organisation: %s", text)
	})
}

// The journal keeps a bounded number of bytes, however many requests come.
func TestRequestsAreBounded(t *testing.T) {
	fake := newFake(t, turnkeytest.Organization{})
	body := strings.Repeat("x", 8<<10)
	const count = 5000
	for range count {
		require.Equal(t, 401, submit(fake, "/submit/create_authenticators", "", body).Code)
	}
	requests := fake.Requests()
	assert.Less(t, len(requests), 16<<20/(4<<10))
	assert.Greater(t, len(requests), 3000)
	for _, r := range requests {
		require.Equal(t, 8<<10, r.BodyBytes)
		require.Len(t, r.Body, 4<<10)
	}
}

// A request whose body is too long, or breaks off, is among the requests, with its error.
func TestUnreadableBodiesAreRemembered(t *testing.T) {
	fake := newFake(t, turnkeytest.Organization{})
	for error, body := range map[string]io.Reader{
		"the body is longer than 67108864 bytes":  strings.NewReader(strings.Repeat("x", 64<<20+1)),
		"the body cannot be read: unexpected EOF": iotest.ErrReader(io.ErrUnexpectedEOF),
	} {
		before := len(fake.Requests())
		w := httptest.NewRecorder()
		fake.ServeHTTP(w, httptest.NewRequest("POST", "/public/v1/query/get_activity", body))
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Equal(t, error, w.Body.String())
		requests := fake.Requests()
		require.Len(t, requests, before+1)
		assert.Equal(t, "get_activity", requests[before].Operation)
		assert.Equal(t, http.StatusBadRequest, requests[before].Status)
		assert.Equal(t, error, requests[before].Verdict)
	}
}
