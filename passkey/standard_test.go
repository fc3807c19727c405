package passkey_test

import (
	"crypto/ecdsa"
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkey"
)

// standardCase is a registration response that was written from the standard and from public documentation alone,
// without looking at this package's code. The expected result was written down before the first run.
type standardCase struct {
	name string
	// source says where the knowledge comes from. A bare section is one of W3C WebAuthn Level 3.
	source string
	// make changes the valid response of newStandardResponse.
	make func(t *testing.T, r *standardResponse)
	// kind is the expected kind of error, and text a part of its text. The response must be accepted if kind is nil.
	kind error
	text string

	attestation      passkey.AttestationConveyance
	userVerification passkey.UserVerification
	// transports are the expected Transports of the Credential. Nil means those of the response.
	transports []string
}

func TestSoundResponsesByTheStandard(t *testing.T) {
	t.Parallel()
	judge(t, []standardCase{
		{
			name:   "Byte order mark before the client data",
			source: "Section 7.1, step 5: UTF-8 decode strips it",
			make: func(_ *testing.T, r *standardResponse) {
				r.clientDataPrefix = "\ufeff"
			},
		},
		{
			name:   "1Password with only what a page writes itself after toJSON has thrown",
			source: "dotnet/aspnetcore issue 62916; the fields that the package's documentation lists for such a page",
			make: func(_ *testing.T, r *standardResponse) {
				r.aaguid = "bada5566-a7aa-401f-bd96-45619a55120d"
				r.response = func(outer, inner map[string]any) {
					keepOnly(outer, "id", "type", "rawId", "response")
					keepOnly(inner, "clientDataJSON", "attestationObject", "transports")
				}
			},
		},
		{
			name:   "Google Password Manager in Chrome, with the field that Chrome adds at random",
			source: "Section 5.8.1; w3c/webauthn pull request 827; passkeydeveloper/passkey-authenticator-aaguids",
			make: func(_ *testing.T, r *standardResponse) {
				r.aaguid = "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"
				r.clientData += `,"other_keys_can_be_added_here":"do not compare clientDataJSON against a template. ` +
					`See https://goo.gl/yabPex"`
				r.response = func(outer, _ map[string]any) {
					outer["clientExtensionResults"] = map[string]any{"credProps": map[string]any{"rk": true}}
				}
			},
		},
		{
			name:   "iCloud Keychain in Safari, without AAGUID and without crossOrigin",
			source: "Section 5.8.1, crossOrigin is optional; passkeydeveloper/passkey-authenticator-aaguids pull request 108",
			make: func(_ *testing.T, r *standardResponse) {
				r.id, r.clientData = randomBytes(20), ""
			},
		},
		{
			name:   "Safari before its toJSON wrote base64url",
			source: "WebKit/WebKit pull request 40368; the package's documentation accepts padded and standard base64",
			make: func(_ *testing.T, r *standardResponse) {
				// These bytes have "+" and "/" in standard base64, and padding.
				r.id = append([]byte{0xfb, 0xff, 0xfe}, randomBytes(17)...)
				r.encoding = base64.StdEncoding
			},
		},
		{
			name:   "Bitwarden, which calls itself a roaming authenticator",
			source: "bitwarden/clients issue 6963 and its fido2-authenticator.service.ts",
			make: func(_ *testing.T, r *standardResponse) {
				r.aaguid = "d548826e-79b4-db40-a3d8-11116f7e8349"
				r.response = func(outer, _ map[string]any) {
					outer["authenticatorAttachment"] = "cross-platform"
				}
			},
		},
		{
			name:   "KeePassXC, with signed extensions, unattested authenticatorData and no transports",
			source: "Section 6.1, flag ED; keepassxreboot/keepassxc, BrowserPasskeys.cpp and BrowserCbor.cpp",
			make: func(_ *testing.T, r *standardResponse) {
				r.aaguid, r.id = "fdb141b2-5d84-443e-8a35-4698c205a502", randomBytes(32)
				r.flags |= flagED
				r.extensions = map[string]any{"credProps": map[string]any{"rk": true}}
				r.transports = []string{}
				r.response = func(outer, inner map[string]any) {
					// KeePassXC makes this copy as for a signature: 37 bytes without attested credential data.
					inner["authenticatorData"] = base64.RawURLEncoding.EncodeToString(make([]byte, 37))
					inner["clientExtensionResults"] = outer["clientExtensionResults"]
					outer["authenticatorAttachment"] = nil
				}
			},
		},
		{
			name:   "Windows Hello with an RSA key and without attestation",
			source: "passkeydeveloper/passkey-authenticator-aaguids issue 55: Windows sends zeros as AAGUID",
			make: func(t *testing.T, r *standardResponse) {
				t.Helper()
				r.key, r.flags, r.id, r.transports = newRSAKey(t), boundFlags, randomBytes(32), []string{"internal"}
			},
		},
		{
			name:        "Windows Hello with the attestation of its TPM",
			source:      "Section 8.3",
			attestation: passkey.AttestationDirect,
			make: func(t *testing.T, r *standardResponse) {
				t.Helper()
				r.key, r.flags, r.id, r.transports = newRSAKey(t), boundFlags, randomBytes(32), []string{"internal"}
				r.aaguid = "08987058-cadc-4b81-b6e1-30de50dcbe96"
				r.format, r.statement = "tpm", tpmAttestation
			},
		},
		{
			name:        "YubiKey 5 with its attestation certificate and credProtect",
			source:      "Sections 8.2 and 8.2.1; Yubico's list of FIDO2 AAGUIDs; CTAP 2.1, section 12.1, credProtect",
			attestation: passkey.AttestationDirect,
			make: func(_ *testing.T, r *standardResponse) {
				r.aaguid, r.id, r.signCount = "ee882879-721c-4913-9775-3dfcce97072a", randomBytes(48), 4
				r.flags, r.extensions = boundFlags|flagED, map[string]any{"credProtect": 2}
				r.transports = []string{"nfc", "usb"}
				r.format, r.statement = "packed", packedAttestation(time.Now().Add(time.Hour))
			},
		},
		{
			name:   "Self attestation, which a browser passes on though none was asked for",
			source: "Section 5.1.3, attestation conveyance none: no action for packed without x5c and with an AAGUID of zeros",
			make: func(_ *testing.T, r *standardResponse) {
				r.flags, r.signCount, r.transports = boundFlags, 1, []string{"usb"}
				r.format, r.statement = "packed", selfAttestation
			},
		},
		{
			name:             "U2F security key, which cannot verify its user",
			source:           "Sections 6.1.2 and 8.6",
			attestation:      passkey.AttestationDirect,
			userVerification: passkey.UserVerificationPreferred,
			make: func(_ *testing.T, r *standardResponse) {
				r.flags, r.id, r.transports = flagUP|flagAT, randomBytes(64), []string{"usb"}
				r.format, r.statement = "fido-u2f", u2fAttestation
			},
		},
		{
			name:   "Credential id of 1023 bytes, which may hold a wrapped key",
			source: "Section 7.1, step 25, and the test vector none.ES256.long-credential-id",
			make: func(_ *testing.T, r *standardResponse) {
				r.id = randomBytes(1023)
			},
		},
		{
			name:   "Dashlane before its first synchronisation, with transports of other years and little else",
			source: "Section 5.2.1: accept unknown transports; section 6.1.3: BE without BS",
			make: func(_ *testing.T, r *standardResponse) {
				r.aaguid = "531126d6-e717-415c-9320-3d9aa6981239"
				r.flags &^= flagBS
				r.transports = []string{"cable", "internal", "internal", "ultrasound"}
				r.response = func(outer, inner map[string]any) {
					keepOnly(outer, "id", "rawId", "type", "response")
					keepOnly(inner, "clientDataJSON", "attestationObject", "transports")
				}
			},
			transports: []string{"cable", "internal", "ultrasound"},
		},
		{
			name:   "Attestation that was not asked for, with an expired certificate",
			source: "Section 7.1, step 24, leaves it to the relying party; the package's documentation counts it as none",
			make: func(_ *testing.T, r *standardResponse) {
				r.aaguid, r.flags = "ee882879-721c-4913-9775-3dfcce97072a", boundFlags
				r.format, r.statement = "packed", packedAttestation(time.Now().AddDate(-1, 0, 0))
			},
		},
	})
}

// judge passes the response of each case to FinishRegistration and requires the expected result.
func judge(t *testing.T, cases []standardCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			party := passkey.RelyingParty{
				ID: "example.com", Name: "Example", Origins: []string{"https://app.example.com"},
				Attestation: test.attestation, UserVerification: test.userVerification,
			}
			_, state, err := party.BeginRegistration(passkey.User{ID: "user-1", Name: "user@example.com"})
			require.NoError(t, err)
			response := newStandardResponse(t, state.Challenge)
			test.make(t, response)

			credential, err := party.FinishRegistration(state, response.json(t), "Laptop")
			if test.kind != nil {
				require.ErrorIs(t, err, test.kind, test.source)
				require.ErrorContains(t, err, test.text, test.source)
				assert.Nil(t, credential)
				return
			}
			require.NoError(t, err, test.source)
			transports := test.transports
			if transports == nil {
				transports = response.transports
			}
			assert.Equal(t, base64.RawURLEncoding.EncodeToString(response.id), credential.ID)
			assert.Equal(t, transports, credential.Transports)
			assert.Equal(t, response.signCount, credential.SignCount)
			assert.Equal(t, response.flags&flagUV != 0, credential.UserVerified)
			assert.Equal(t, response.flags&flagBE != 0, credential.BackupEligible)
			assert.Equal(t, response.flags&flagBS != 0, credential.BackedUp)
			assert.Equal(t, canonicalCBOR(t, coseKey(t, response.key)), credential.PublicKey)
		})
	}
}

// keepOnly removes all fields from the object but those with the given names.
func keepOnly(object map[string]any, names ...string) {
	kept := make(map[string]any, len(names))
	for _, name := range names {
		kept[name] = object[name]
	}
	clear(object)
	for name, value := range kept {
		object[name] = value
	}
}

// pointOf returns the coordinates of the response's P-256 key.
func pointOf(t *testing.T, r *standardResponse) (x, y []byte) {
	t.Helper()
	key, isECDSA := r.key.Public().(*ecdsa.PublicKey)
	require.True(t, isECDSA)
	point, err := key.Bytes()
	require.NoError(t, err)
	return point[1:33], point[33:]
}
