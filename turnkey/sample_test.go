package turnkey_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/turnkey"
)

func TestRequestSample(t *testing.T) {
	want := readFile(t, "create_authenticators_request.json")
	assert.JSONEq(t, string(want), string(sentBody(t)))
}

// sentBody returns the body that the client sends for the sample request.
func sentBody(t *testing.T) []byte {
	t.Helper()
	var body []byte
	client, err := turnkey.NewClient(parseKey(t, testKey), testOrganizationID, over(func(r *http.Request) (*http.Response, error) {
		var err error
		body, err = io.ReadAll(r.Body)
		require.NoError(t, err)
		return within(http.NotFoundHandler())(r)
	}))
	require.NoError(t, err)
	_, err = client.SubmitCreateAuthenticators(t.Context(), sampleRequest(t))
	require.ErrorIs(t, err, byzantine.ErrNotFound)
	return body
}

func TestResponseSampleIsReadInFull(t *testing.T) {
	flat := decodeActivity(t, string(readFile(t, "activity_flat.json")))
	again, err := json.Marshal(map[string]any{"activity": flat})
	require.NoError(t, err)
	assert.JSONEq(t, string(readFile(t, "activity_flat.json")), string(again), "nothing is lost")

	assert.Equal(t, turnkey.ActivityCompleted, flat.Status)
	assert.Equal(t, []string{"5b0f9a3e-2f6c-4a53-9a35-0d8b6a1f7c22"}, flat.AuthenticatorIDs())
	assert.Equal(t, byzantine.TransportBLE, flat.Intent.CreateAuthenticatorsIntentV2.Authenticators[0].Attestation.Transports[0])
	assert.Equal(t, turnkey.VoteApproved, flat.Votes[0].Selection)
	assert.Equal(t, "Ada", flat.Votes[0].User.UserName)
	assert.Equal(t, "2026-08-01T00:00:01.000000007Z", flat.UpdatedAt.Format("2006-01-02T15:04:05.999999999Z07:00"))
	assert.Equal(t, turnkey.CodeRequestNotAuthorized, flat.Failure.TurnkeyErrorCode, "of the second detail")

	nested := decodeActivity(t, string(readFile(t, "activity_nested.json")))
	flat.AppProofs, flat.Failure = nil, nil // the nested shape does not have them
	assert.Equal(t, flat, nested)
}

// The files documented_*.json are the samples in Turnkey's documentation of create_authenticators. A placeholder such as
// "<string>", the type of the value, stands where the documentation describes a value in words.
func TestSamplesAreThoseOfTheDocumentation(t *testing.T) {
	request, response := readFile(t, "documented_request.json"), readFile(t, "documented_response.json")
	assertLike(t, "request", decodeAny(t, request), decodeAny(t, sentBody(t)))
	assertLike(t, "response", decodeAny(t, response), decodeAny(t, readFile(t, "activity_nested.json")))

	// The documented response itself, with values of the right type in place of the descriptions "<array>" and
	// "<boolean>".
	filled := strings.NewReplacer(`"<array>"`, `[]`, `"<boolean>"`, `true`).Replace(string(response))
	a := decodeActivity(t, filled)
	assert.Equal(t, "<string>", a.ID)
	assert.Equal(t, "<string>", a.OrganizationID)
	assert.Equal(t, turnkey.ActivityCompleted, a.Status)
	assert.Equal(t, turnkey.ActivityTypeCreateAuthenticatorsV2, a.Type)
	assert.Equal(t, "<string>", a.TimestampMs)
	assert.Equal(t, []string{"<string>"}, a.AuthenticatorIDs())
	assert.Equal(t, &turnkey.CreateAuthenticatorsIntentV2{UserID: "<string>", Authenticators: []byzantine.AuthenticatorParam{{
		AuthenticatorName: "<string>", Challenge: "<string>", Attestation: byzantine.Attestation{
			CredentialID: "<string>", ClientDataJSON: "<string>", AttestationObject: "<string>",
			Transports: []byzantine.AuthenticatorTransport{"<string>"},
		},
	}}}, a.Intent.CreateAuthenticatorsIntentV2)
	assert.Equal(t, []turnkey.Vote{}, a.Votes)
	assert.Equal(t, "<string>", a.Fingerprint)
	assert.True(t, a.CanApprove)
	assert.True(t, a.CanReject)
	ids, err := responding(t, 200, filled).SubmitCreateAuthenticators(t.Context(), sampleRequest(t))
	assert.NoError(t, err)
	assert.Equal(t, []string{"<string>"}, ids)
}

// assertLike checks that got is the sample with the placeholders filled in: the same fields everywhere, and the same
// values where the sample has one.
func assertLike(t *testing.T, path string, sample, got any) {
	t.Helper()
	switch want := sample.(type) {
	case map[string]any:
		fields, ok := got.(map[string]any)
		require.True(t, ok, path)
		require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(fields)), path)
		for name, value := range want {
			assertLike(t, path+"."+name, value, fields[name])
		}
	case []any:
		elements, ok := got.([]any)
		require.True(t, ok, path)
		require.Len(t, want, 1, path)
		for _, element := range elements {
			assertLike(t, path+"[]", want[0], element)
		}
	case string:
		switch {
		case want == "<array>":
			assert.IsType(t, []any{}, got, path)
		case want == "<boolean>":
			assert.IsType(t, true, got, path)
		case strings.HasPrefix(want, "<"):
			assert.IsType(t, "", got, path)
		default:
			assert.Equal(t, want, got, path)
		}
	default:
		require.Fail(t, "the sample has something new", "%s: %v", path, sample)
	}
}

func decodeAny(t *testing.T, text []byte) (value any) {
	t.Helper()
	require.NoError(t, json.NewDecoder(bytes.NewReader(text)).Decode(&value))
	return value
}

func decodeActivity(t *testing.T, text string) turnkey.Activity {
	t.Helper()
	var response struct{ Activity turnkey.Activity }
	require.NoError(t, json.NewDecoder(strings.NewReader(text)).Decode(&response))
	return response.Activity
}
