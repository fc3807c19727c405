package passkeytest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

const (
	passkeyRPID      = "example.com"
	passkeyOrigin    = "https://example.com"
	passkeyChallenge = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
)

// credentialParameters are both algorithms, in the usual order: ES256 and RS256.
var credentialParameters = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: -7},
	{Type: protocol.PublicKeyCredentialType, Algorithm: -257},
}

// creationOptions returns options for a new credential as JSON, after change has changed them; nil changes nothing.
func creationOptions(t testing.TB, change func(options map[string]any)) []byte {
	t.Helper()
	options := map[string]any{
		"rp":                     map[string]any{"id": passkeyRPID, "name": "Example"},
		"user":                   map[string]any{"id": "dXNlci0x", "name": "ada@example.com", "displayName": "Ada"},
		"challenge":              passkeyChallenge,
		"pubKeyCredParams":       credentialParameters,
		"authenticatorSelection": map[string]any{"residentKey": "preferred", "userVerification": "preferred"},
	}
	if change != nil {
		change(options)
	}
	b, err := json.Marshal(options)
	require.NoError(t, err)
	return b
}

func requestOptions(t testing.TB, change func(options map[string]any)) []byte {
	t.Helper()
	options := map[string]any{"challenge": passkeyChallenge, "rpId": passkeyRPID, "userVerification": "preferred"}
	if change != nil {
		change(options)
	}
	b, err := json.Marshal(options)
	require.NoError(t, err)
	return b
}

// registerPasskey creates a credential and has go-webauthn verify it.
func registerPasskey(t testing.TB, a *passkeytest.Authenticator, options []byte) *protocol.ParsedCredentialCreationData {
	t.Helper()
	response, err := a.Create(options)
	require.NoError(t, err)
	pcc, err := protocol.ParseCredentialCreationResponseBytes(response)
	require.NoError(t, err)
	_, err = pcc.Verify(passkeyChallenge, passkeyRPID, []string{passkeyOrigin}, nil, nil, protocol.TopOriginExplicitVerificationMode, false,
		false, true, nil, credentialParameters, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
	require.NoError(t, err)
	return pcc
}

// signInWithPasskey makes an assertion and has go-webauthn verify it with the public key of the credential with.
func signInWithPasskey(t testing.TB, a *passkeytest.Authenticator, options []byte, with *protocol.ParsedCredentialCreationData) *protocol.ParsedCredentialAssertionData {
	t.Helper()
	response, err := a.Get(options)
	require.NoError(t, err)
	par, err := protocol.ParseCredentialRequestResponseBytes(response)
	require.NoError(t, err)
	require.NoError(t, par.Verify(passkeyChallenge, passkeyRPID, "", []string{passkeyOrigin}, nil, nil, protocol.TopOriginExplicitVerificationMode, false,
		false, true, with.Response.AttestationObject.AuthData.AttData.CredentialPublicKey, protocol.SignaturePolicy{}))
	return par
}

// requireException requires that err is a DOMException with this name and a message.
func requireException(t testing.TB, err error, name string) {
	t.Helper()
	var exception *passkeytest.DOMException
	require.ErrorAs(t, err, &exception)
	assert.Equal(t, name, exception.Name, exception.Message)
	assert.NotEmpty(t, exception.Message)
}

func TestAuthenticatorIsVerifiedByGoWebAuthn(t *testing.T) {
	for _, algorithm := range []passkeytest.Algorithm{passkeytest.AlgorithmES256, passkeytest.AlgorithmRS256} {
		for _, format := range []string{"none", "packed"} {
			t.Run(fmt.Sprintf("%d %s", algorithm, format), func(t *testing.T) {
				options := []passkeytest.Option{passkeytest.WithAlgorithms(algorithm)}
				if format == "packed" {
					options = append(options, passkeytest.WithSelfAttestation())
				}
				a := passkeytest.NewAuthenticator(options...)
				created := registerPasskey(t, a, creationOptions(t, nil))
				assert.Equal(t, format, created.Response.AttestationObject.Format)
				asserted := signInWithPasskey(t, a, requestOptions(t, nil), created)
				assert.Equal(t, created.RawID, asserted.RawID)
				assert.Equal(t, []byte("user-1"), asserted.Response.UserHandle)
			})
		}
	}
}

// A registration response has fields that repeat parts of the attestation object, as in browsers. They agree with it.
func TestRegistrationResponseHasWhatBrowsersAdd(t *testing.T) {
	a := passkeytest.NewAuthenticator(passkeytest.WithTransports("usb", "nfc"))
	created := registerPasskey(t, a, creationOptions(t, nil))
	raw := created.Raw.AttestationResponse
	assert.Equal(t, created.Response.AttestationObject.RawAuthData, []byte(raw.AuthenticatorData))
	assert.Equal(t, int64(-7), raw.PublicKeyAlgorithm)
	assert.NotEmpty(t, raw.PublicKey)
	assert.Equal(t, []string{"usb", "nfc"}, raw.Transports)
	assert.Equal(t, protocol.CrossPlatform, created.AuthenticatorAttachment)

	response, err := a.Create(creationOptions(t, nil))
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(response, &fields))
	assert.Equal(t, map[string]any{}, fields["clientExtensionResults"])
	assert.Equal(t, "public-key", fields["type"])
	assert.Equal(t, fields["id"], fields["rawId"])
	clientData, err := base64.RawURLEncoding.DecodeString(fields["response"].(map[string]any)["clientDataJSON"].(string))
	require.NoError(t, err)
	assert.Equal(t, `{"type":"webauthn.create","challenge":"`+passkeyChallenge+`","origin":"https://example.com","crossOrigin":false}`, string(clientData),
		"the order that the standard prescribes")
}

func TestOptions(t *testing.T) {
	flags := func(created *protocol.ParsedCredentialCreationData) protocol.AuthenticatorFlags {
		return created.Response.AttestationObject.AuthData.Flags
	}
	t.Run("defaults", func(t *testing.T) {
		created := registerPasskey(t, passkeytest.NewAuthenticator(), creationOptions(t, nil))
		data := created.Response.AttestationObject.AuthData
		assert.Equal(t, protocol.AuthenticatorFlags(0b0101_1101), data.Flags)
		assert.Zero(t, data.Counter)
		assert.Equal(t, make([]byte, 16), data.AttData.AAGUID)
		assert.Equal(t, []protocol.AuthenticatorTransport{"hybrid", "internal"}, created.Response.Transports)
		assert.Equal(t, protocol.Platform, created.AuthenticatorAttachment)
	})
	t.Run("AAGUID", func(t *testing.T) {
		aaguid := [16]byte{1, 2, 3, 4}
		created := registerPasskey(t, passkeytest.NewAuthenticator(passkeytest.WithAAGUID(aaguid)), creationOptions(t, nil))
		assert.Equal(t, aaguid[:], created.Response.AttestationObject.AuthData.AttData.AAGUID)
	})
	t.Run("backup", func(t *testing.T) {
		for _, c := range [][2]bool{{false, false}, {true, false}, {true, true}, {false, true}} {
			created := registerPasskey(t, passkeytest.NewAuthenticator(passkeytest.WithBackup(c[0], c[1])), creationOptions(t, nil))
			assert.Equal(t, c[0], flags(created).HasBackupEligible())
			assert.Equal(t, c[1], flags(created).HasBackupState())
		}
	})
	t.Run("user verification", func(t *testing.T) {
		for _, c := range []struct {
			able        bool
			requirement string
			verified    bool
		}{
			{true, "preferred", true}, {true, "required", true}, {true, "discouraged", false}, {false, "preferred", false},
		} {
			a := passkeytest.NewAuthenticator(passkeytest.WithUserVerification(c.able))
			created := registerPasskey(t, a, creationOptions(t, func(options map[string]any) {
				options["authenticatorSelection"] = map[string]any{"residentKey": "preferred", "userVerification": c.requirement}
			}))
			assert.Equal(t, c.verified, flags(created).HasUserVerified())
			asserted := signInWithPasskey(t, a, requestOptions(t, func(options map[string]any) { options["userVerification"] = c.requirement }), created)
			assert.Equal(t, c.verified, asserted.Response.AuthenticatorData.Flags.HasUserVerified())
		}
	})
	t.Run("no transports", func(t *testing.T) {
		response, err := passkeytest.NewAuthenticator(passkeytest.WithTransports()).Create(creationOptions(t, nil))
		require.NoError(t, err)
		assert.Contains(t, string(response), `"transports":[]`)
	})
	t.Run("sign count", func(t *testing.T) {
		a := passkeytest.NewAuthenticator(passkeytest.WithSignCount(40))
		created := registerPasskey(t, a, creationOptions(t, nil))
		assert.Equal(t, uint32(40), created.Response.AttestationObject.AuthData.Counter)
		for want := uint32(41); want < 44; want++ {
			assert.Equal(t, want, signInWithPasskey(t, a, requestOptions(t, nil), created).Response.AuthenticatorData.Counter)
		}
		a = passkeytest.NewAuthenticator()
		created = registerPasskey(t, a, creationOptions(t, nil))
		signInWithPasskey(t, a, requestOptions(t, nil), created)
		assert.Zero(t, signInWithPasskey(t, a, requestOptions(t, nil), created).Response.AuthenticatorData.Counter)
	})
}

func TestAuthenticatorTakesTheFirstAlgorithmItHas(t *testing.T) {
	params := func(algorithms ...int) func(map[string]any) {
		return func(options map[string]any) {
			list := []map[string]any{}
			for _, alg := range algorithms {
				list = append(list, map[string]any{"type": "public-key", "alg": alg})
			}
			options["pubKeyCredParams"] = list
		}
	}
	for _, c := range []struct {
		has    []passkeytest.Algorithm
		wanted []int
		chosen int64
	}{
		{nil, []int{-257, -7}, -257},
		{nil, []int{-8, -7}, -7},
		{nil, nil, -7}, // the standard's default
		{[]passkeytest.Algorithm{passkeytest.AlgorithmRS256}, []int{-7, -257}, -257},
	} {
		var options []passkeytest.Option
		if c.has != nil {
			options = append(options, passkeytest.WithAlgorithms(c.has...))
		}
		created := registerPasskey(t, passkeytest.NewAuthenticator(options...), creationOptions(t, params(c.wanted...)))
		assert.Equal(t, c.chosen, created.Raw.AttestationResponse.PublicKeyAlgorithm)
	}
	_, err := passkeytest.NewAuthenticator().Create(creationOptions(t, params(-8)))
	requireException(t, err, "NotSupportedError")
	_, err = passkeytest.NewAuthenticator(passkeytest.WithAlgorithms(passkeytest.AlgorithmES256)).Create(creationOptions(t, params(-257)))
	requireException(t, err, "NotSupportedError")
}

func TestDeterministicKeys(t *testing.T) {
	for _, algorithm := range []passkeytest.Algorithm{passkeytest.AlgorithmES256, passkeytest.AlgorithmRS256} {
		run := func(seed string) (all []string) {
			a := passkeytest.NewAuthenticator(passkeytest.WithDeterministicKeys(seed),
				passkeytest.WithAlgorithms(algorithm), passkeytest.WithSelfAttestation())
			created := registerPasskey(t, a, creationOptions(t, nil))
			response, err := a.Get(requestOptions(t, nil))
			require.NoError(t, err)
			signInWithPasskey(t, a, requestOptions(t, nil), created)
			again, err := a.Create(creationOptions(t, nil))
			require.NoError(t, err)
			raw, err := json.Marshal(created.Raw)
			require.NoError(t, err)
			return []string{string(raw), string(response), string(again)}
		}
		first := run("a")
		assert.Equal(t, first, run("a"))
		assert.NotEqual(t, first, run("b"))
	}
}

func TestCancel(t *testing.T) {
	a := passkeytest.NewAuthenticator()
	created := registerPasskey(t, a, creationOptions(t, nil))
	a.Cancel(2)
	_, err := a.Get(requestOptions(t, nil))
	requireException(t, err, "NotAllowedError")
	_, err = a.Create(creationOptions(t, nil))
	requireException(t, err, "NotAllowedError")
	signInWithPasskey(t, a, requestOptions(t, nil), created)
}

func TestAuthenticatorIsSafeForConcurrentUse(t *testing.T) {
	a := passkeytest.NewAuthenticator(passkeytest.WithSignCount(0))
	created := registerPasskey(t, a, creationOptions(t, nil))
	allow := requestOptions(t, func(options map[string]any) {
		options["allowCredentials"] = []map[string]any{{"type": "public-key", "id": created.ID}}
	})
	const callers = 16
	counts := make([]uint32, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			_, err := a.Create(creationOptions(t, nil))
			assert.NoError(t, err)
			response, err := a.Get(allow)
			assert.NoError(t, err)
			par, err := protocol.ParseCredentialRequestResponseBytes(response)
			if assert.NoError(t, err) {
				counts[i] = par.Response.AuthenticatorData.Counter
			}
		})
	}
	wg.Wait()
	want := make([]uint32, callers)
	for i := range want {
		want[i] = uint32(i) + 1
	}
	assert.ElementsMatch(t, want, counts, "no count is given twice")
}
