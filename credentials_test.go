package byzantine_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

const testPubkey = "0x02" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestCredentialRequests(t *testing.T) {
	testSent(t, []sentCase{
		{"list", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.ListCredentials(ctx, nil))
		}, "GET /v1/integrator/credentials", ""},
		{"create with defaults has a body", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.CreateCredential(ctx, nil))
		}, "POST /v1/integrator/credentials", `{}`},
		{"create", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.CreateCredential(ctx, &byzantine.CreateCredentialRequest{AccessScope: byzantine.ScopeReadWrite, Label: "CI & <tests>"}))
		}, "POST /v1/integrator/credentials", `{"accessScope":"read_write","label":"CI & <tests>"}`},
		{"deactivate", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateCredential(ctx, &byzantine.UpdateCredentialRequest{Pubkey: testPubkey, Active: new(false)}))
		}, "PATCH /v1/integrator/credentials/" + testPubkey, `{"active":false}`},
		{"empty label", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateCredential(ctx, &byzantine.UpdateCredentialRequest{
				Pubkey: testPubkey, AccessScope: byzantine.ScopeReadOnly, Label: new(""),
			}))
		}, "PATCH /v1/integrator/credentials/" + testPubkey, `{"accessScope":"read_only","label":""}`},
		{"delete", func(ctx context.Context, c *byzantine.Client) error {
			return c.DeleteCredential(ctx, testPubkey)
		}, "DELETE /v1/integrator/credentials/" + testPubkey, ""},
	})
}

func TestCredentialRequestsThatAreRejected(t *testing.T) {
	testRejected(t, []rejectedCase{
		{"unknown scope", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.CreateCredential(ctx, &byzantine.CreateCredentialRequest{AccessScope: "admin"}))
		}, "CreateCredentialRequest.AccessScope: must be one of read_write, read_only"},
		{"change of nothing", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateCredential(ctx, &byzantine.UpdateCredentialRequest{Pubkey: testPubkey}))
		}, "UpdateCredentialRequest.AccessScope: at least one of the scope, the activity and the label must be set"},
		{"no key", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateCredential(ctx, &byzantine.UpdateCredentialRequest{Active: new(true)}))
		}, "UpdateCredentialRequest.Pubkey: missing"},
		{"upper-case key", func(ctx context.Context, c *byzantine.Client) error {
			return c.DeleteCredential(ctx, "0x"+strings.ToUpper(testPubkey[2:]))
		}, "DeleteCredentialRequest.Pubkey: must be a compressed P-256 point: 0x, 02 or 03, and 64 lower-case hex digits"},
		{"key without 0x", func(ctx context.Context, c *byzantine.Client) error {
			return c.DeleteCredential(ctx, testPubkey[2:])
		}, "DeleteCredentialRequest.Pubkey: must be a compressed P-256 point: 0x, 02 or 03, and 64 lower-case hex digits"},
		{"path in place of a key", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.UpdateCredential(ctx, &byzantine.UpdateCredentialRequest{Pubkey: "../../x", Active: new(true)}))
		}, "UpdateCredentialRequest.Pubkey: must be a compressed P-256 point: 0x, 02 or 03, and 64 lower-case hex digits"},
		{"no key to delete", func(ctx context.Context, c *byzantine.Client) error {
			return c.DeleteCredential(ctx, "")
		}, "DeleteCredentialRequest.Pubkey: missing"},
	})
}

func TestCredentialResponses(t *testing.T) {
	required := `"pubkey":"` + testPubkey + `","integratorId":"` + testObjectID + `","accessScope":"read_only","active":false,"createdAt":"2026-09-01T10:00:00Z"`
	t.Run("list", func(t *testing.T) {
		testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.APICredentialList, error) {
			return c.ListCredentials(ctx, nil)
		}, `{"credentials":[{`+required+`,"label":"CI"}]}`, `{"credentials":[{`+required+`}]}`)
	})
	t.Run("update", func(t *testing.T) {
		testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.APICredential, error) {
			return c.UpdateCredential(ctx, &byzantine.UpdateCredentialRequest{Pubkey: testPubkey, Active: new(true)})
		}, `{`+required+`,"label":"CI"}`, `{`+required+`}`)
	})
}

// newCredential calls CreateCredential against an API whose response has this JSON value as the private key.
func newCredential(t *testing.T, privateKey string) (*byzantine.CreatedAPICredential, error) {
	t.Helper()
	api := newFakeAPI(t)
	api.response = `{"pubkey":"` + testPubkey + `","integratorId":"` + testObjectID + `","accessScope":"read_only","active":true,
		"label":"CI","privateKey":` + privateKey + `}`
	return api.client.CreateCredential(t.Context(), nil)
}

func TestCreateCredentialReturnsThePrivateKey(t *testing.T) {
	want, err := byzantine.GenerateKey()
	require.NoError(t, err)
	credential, err := newCredential(t, `"`+want.SecretHex()+`"`)
	require.NoError(t, err)
	assert.Equal(t, testPubkey, credential.Pubkey)
	assert.Equal(t, testObjectID, credential.IntegratorID)
	assert.Equal(t, byzantine.ScopeReadOnly, credential.AccessScope)
	assert.True(t, credential.Active)
	assert.Equal(t, "CI", credential.Label)
	assert.Equal(t, want.SecretHex(), credential.PrivateKey.Reveal())
	key, err := credential.PrivateKey.Key()
	require.NoError(t, err)
	assert.Equal(t, want.PublicKeyHex(), key.PublicKeyHex())
}

func TestAPrivateKeyOfAnUnexpectedFormIsNotLost(t *testing.T) {
	for sent, kept := range map[string]string{
		`"not a key"`:           "not a key",
		`{"hex":"00"}`:          `{"hex":"00"}`,
		`["00", "11"]`:          `["00", "11"]`,
		`12`:                    `12`,
		`"\u0030x12\"\u003c\/"`: `0x12"</`,
	} {
		credential, err := newCredential(t, sent)
		require.NoError(t, err, sent)
		assert.Equal(t, kept, credential.PrivateKey.Reveal(), sent)
		_, err = credential.PrivateKey.Key()
		require.Error(t, err, sent)
		if len(kept) > 2 {
			assert.NotContains(t, err.Error(), kept, "the error does not repeat it")
		}
	}
}

// A response without the private key is an error, because the credential cannot be used. The error says that the request
// has taken effect: a retry would make a second credential.
func TestAPrivateKeyThatIsMissingIsAnError(t *testing.T) {
	for _, sent := range []string{`""`, `null`} {
		_, err := newCredential(t, sent)
		assert.ErrorContains(t, err, "privateKey: missing; the request has taken effect")
		assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
	}
}

func TestAResponseThatCannotBeDecodedKeepsThePrivateKey(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"privateKey":"0xsecret","active":true`))
	}))
	defer server.Close()
	_, err := newTestClient(t, server.URL).CreateCredential(t.Context(), nil)
	require.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
	assert.NotContains(t, err.Error(), "0xsecret")
	var response *byzantine.Error
	require.ErrorAs(t, err, &response)
	assert.Nil(t, response.Body)
	assert.Contains(t, response.SuccessBody.Reveal(), "0xsecret")
}

func TestSecretShowsNowhere(t *testing.T) {
	const text = "0xdeadbeefcafe"
	secret := byzantine.NewSecret(text)
	holder := byzantine.CreatedAPICredential{Pubkey: testPubkey, PrivateKey: secret}
	var seen strings.Builder
	for _, value := range []any{secret, &secret, holder, &holder, []byzantine.Secret{secret}, map[string]any{"k": holder}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&seen, verb+"\n", value)
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		seen.Write(text)
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "credential", value)
		slog.New(slog.NewTextHandler(&log, nil)).Info("made", "credential", value)
		seen.Write(log.Bytes())
		// testify prints both values of a failed comparison, which it reads by reflection.
		failed := new(recordingT)
		assert.Equal(failed, 1, value)
		seen.WriteString(failed.text)
	}
	require.Contains(t, seen.String(), "[redacted]")
	for _, form := range []string{text, "deadbeef", fmt.Sprintf("%x", text), fmt.Sprintf("%d", []byte(text))} {
		assert.NotContains(t, seen.String(), form)
	}
	assert.Equal(t, text, secret.Reveal())
}

type recordingT struct{ text string }

func (r *recordingT) Errorf(format string, args ...any) { r.text += fmt.Sprintf(format, args...) }

func TestTheZeroSecretIsEmpty(t *testing.T) {
	var secret byzantine.Secret
	assert.Empty(t, secret.Reveal())
	_, err := secret.Key()
	assert.EqualError(t, err, "byzantine: private key: it is empty")
}

// A credential that was stored as JSON has lost its private key. Reading it back is an error, so that nobody takes it
// for complete.
func TestASecretDoesNotComeBackFromWhatHidesIt(t *testing.T) {
	const lost = "byzantine: the secret was redacted when it was written, so it cannot be read back: store Secret.Reveal()"
	created := byzantine.CreatedAPICredential{Pubkey: testPubkey, PrivateKey: byzantine.NewSecret("0xdeadbeef")}
	stored, err := json.Marshal(created)
	require.NoError(t, err)
	require.NotContains(t, string(stored), "deadbeef")
	assert.ErrorContains(t, json.Unmarshal(stored, new(byzantine.CreatedAPICredential)), lost)
	assert.ErrorContains(t, json.Unmarshal([]byte(`{"list":[{"privateKey":"\u005bredacted]"}]}`), new(struct {
		List []*byzantine.CreatedAPICredential
	})), lost)

	var secret byzantine.Secret
	assert.EqualError(t, secret.UnmarshalText([]byte("[redacted]")), lost)
	assert.EqualError(t, json.Unmarshal([]byte(` "[redacted]"`), &secret), lost)
	type keyFile struct{ Key byzantine.Secret }
	asXML, err := xml.Marshal(keyFile{byzantine.NewSecret("0xdeadbeef")})
	require.NoError(t, err)
	require.NotContains(t, string(asXML), "deadbeef")
	assert.ErrorContains(t, xml.Unmarshal(asXML, new(keyFile)), lost)
	assert.Error(t, gob.NewEncoder(io.Discard).Encode(created), "gob never saw it")
	assert.Empty(t, secret.Reveal())

	require.NoError(t, secret.UnmarshalText([]byte("0x12")))
	assert.Equal(t, "0x12", secret.Reveal())
}

func decodeString(t *testing.T, data []byte) (text string) {
	t.Helper()
	require.NoError(t, json.Unmarshal(data, &text))
	return text
}

func FuzzSecretUnmarshalJSON(f *testing.F) {
	for _, seed := range []string{`"0x00"`, `null`, `{"a":1}`, `"\ud800"`, `"<&>"`, `12`, ` "x" `, `"[redacted]"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var secret byzantine.Secret
		err := json.Unmarshal(data, &secret)
		if json.Valid(data) && err != nil {
			require.ErrorContains(t, err, "redacted")
			require.Equal(t, "[redacted]", decodeString(t, data))
			return
		}
		require.Equal(t, json.Valid(data), err == nil, "whatever else is JSON is kept")
		var text string
		if err == nil && json.Unmarshal(data, &text) == nil {
			assert.Equal(t, text, secret.Reveal())
		}
	})
}
