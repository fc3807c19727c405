package passkey_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkey"
)

func TestUnsoundResponsesByTheStandard(t *testing.T) {
	t.Parallel()
	judge(t, []standardCase{
		{
			name:   "Challenge of another ceremony",
			source: "Section 7.1, step 8",
			make: func(_ *testing.T, r *standardResponse) {
				r.challenge = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"
			},
			kind: passkey.ErrChallenge, text: "challenge",
		},
		{
			name:   "Client data of a signature",
			source: "Section 7.1, step 7",
			make: func(_ *testing.T, r *standardResponse) {
				r.ceremony = "webauthn.get"
			},
			kind: passkey.ErrMalformed, text: "type",
		},
		{
			name:   "Origin that begins like the relying party's",
			source: "Sections 7.1, step 9, and 13.4.9, validating the origin",
			make: func(_ *testing.T, r *standardResponse) {
				r.origin = "https://app.example.com.attacker.example"
			},
			kind: passkey.ErrOrigin, text: "origin",
		},
		{
			name:   "Passkey that is bound to the page's host instead of the relying party's id",
			source: "Section 7.1, step 14",
			make: func(_ *testing.T, r *standardResponse) {
				r.rpID = "app.example.com"
			},
			kind: passkey.ErrOrigin, text: "rpIdHash",
		},
		{
			name:   "User not present, though no conditional creation was asked for",
			source: "Section 7.1, step 15",
			make: func(_ *testing.T, r *standardResponse) {
				r.flags &^= flagUP
			},
			kind: passkey.ErrMalformed, text: "flags",
		},
		{
			name:   "U2F security key where the user has to be verified",
			source: "Sections 6.1.2 and 7.1, step 16",
			make: func(_ *testing.T, r *standardResponse) {
				r.flags, r.id = flagUP|flagAT, randomBytes(64)
				r.format, r.statement = "fido-u2f", u2fAttestation
			},
			kind: passkey.ErrUserVerification, text: "verif",
		},
		{
			name:   "Backed up, but not eligible for it",
			source: "Sections 6.1.3 and 7.1, step 17",
			make: func(_ *testing.T, r *standardResponse) {
				r.flags &^= flagBE
			},
			kind: passkey.ErrMalformed, text: "flags",
		},
		{
			name:   "Authenticator data that ends within the public key",
			source: "Section 6.1",
			make: func(_ *testing.T, r *standardResponse) {
				r.authData = func(data []byte) []byte { return data[:len(data)-20] }
			},
			kind: passkey.ErrMalformed, text: "Credential Public Key",
		},
		{
			name:   "Bytes after the public key without the flag ED",
			source: "Section 6.1: authenticator data describes its own length",
			make: func(_ *testing.T, r *standardResponse) {
				r.extensions = map[string]any{"credProtect": 2}
			},
			kind: passkey.ErrMalformed, text: "Leftover bytes",
		},
		{
			name:   "Id of a credential that is not the attested one",
			source: "Section 5.1.3: the id is that of the authenticator data",
			make: func(_ *testing.T, r *standardResponse) {
				r.response = func(outer, _ map[string]any) {
					outer["id"], outer["rawId"] = "b3RoZXItY3JlZGVudGlhbA", "b3RoZXItY3JlZGVudGlhbA"
				}
			},
			kind: passkey.ErrMalformed, text: "id",
		},
		{
			name:   "Public key that is not on its curve",
			source: "Section 6.5.1 and RFC 9053, section 7.1.1",
			make: func(_ *testing.T, r *standardResponse) {
				r.cose = func(key map[int]any) {
					key[-3] = bytes.Repeat([]byte{1}, 32)
				}
			},
			kind: passkey.ErrUnsupportedKey, text: "curve",
		},
		{
			name:   "Ed25519 key, for which the options did not ask",
			source: "Section 7.1, step 20",
			make: func(t *testing.T, r *standardResponse) {
				t.Helper()
				_, key, err := ed25519.GenerateKey(nil)
				require.NoError(t, err)
				r.key = key
			},
			kind: passkey.ErrUnsupportedKey, text: "-8",
		},
		{
			name:   "Public key with its private part",
			source: "Section 6.5.1: no other optional parameters; RFC 9053, section 7.1.1: d is private",
			make: func(t *testing.T, r *standardResponse) {
				t.Helper()
				key, isECDSA := r.key.(*ecdsa.PrivateKey)
				require.True(t, isECDSA)
				private, err := key.Bytes()
				require.NoError(t, err)
				r.cose = func(cose map[int]any) { cose[-4] = private }
			},
			kind: passkey.ErrUnsupportedKey, text: "private",
		},
		{
			name:   "Self attestation that signs other authenticator data",
			source: "Section 8.2, verification procedure, and the package's documentation of AttestationNone",
			make: func(_ *testing.T, r *standardResponse) {
				r.flags, r.format = boundFlags, "packed"
				r.statement = func(t *testing.T, r *standardResponse, authData, clientDataHash []byte) map[string]any {
					t.Helper()
					other := bytes.Clone(authData)
					other[32] |= flagBE
					return selfAttestation(t, r, other, clientDataHash)
				}
			},
			kind: passkey.ErrAttestation, text: "attStmt",
		},
		{
			name:   "Ceremony in a frame of another site",
			source: "Section 7.1, steps 10 and 11",
			make: func(_ *testing.T, r *standardResponse) {
				r.clientData = `,"crossOrigin":true,"topOrigin":"https://attacker.example"`
			},
			kind: passkey.ErrOrigin, text: "rigin",
		},
	})
}

// TestWhatTheStandardLeavesOpen has responses about which the standard lets the relying party decide; in most cases it
// says so.
func TestWhatTheStandardLeavesOpen(t *testing.T) {
	t.Parallel()
	judge(t, []standardCase{
		{
			name:   "Credential id of 1024 bytes",
			source: "Section 7.1, step 25",
			make: func(_ *testing.T, r *standardResponse) {
				r.id = randomBytes(1024)
			},
			kind: passkey.ErrMalformed, text: "id",
		},
		{
			name:   "Attested credential data without its flag",
			source: "Section 6.1: AT must be set at a registration",
			make: func(_ *testing.T, r *standardResponse) {
				r.flags &^= flagAT
			},
			kind: passkey.ErrMalformed, text: "credential flag",
		},
		{
			name:   "Elliptic key that claims RS256",
			source: "Section 5.8.5 and RFC 8812, section 2: RS256 needs an RSA key",
			make: func(_ *testing.T, r *standardResponse) {
				r.cose = func(key map[int]any) { key[3] = -257 }
			},
			kind: passkey.ErrUnsupportedKey, text: "credentialPublicKey",
		},
		{
			name:   "Public key that names its algorithm twice",
			source: "Section 2.4: should be rejected; RFC 8949, section 5.6: not valid",
			make: func(t *testing.T, r *standardResponse) {
				t.Helper()
				x, y := pointOf(t, r)
				r.coseBytes = slices.Concat(
					[]byte{0xa6, 0x01, 0x02, 0x03, 0x26, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, x,
					[]byte{0x22, 0x58, 0x20}, y)
			},
			kind: passkey.ErrMalformed, text: "Credential Public Key",
		},
		{
			name:   "Attestation object whose fields are not in canonical order",
			source: "Section 2.4 says that a decoder should reject it, and leaves it to the relying party",
			make: func(_ *testing.T, r *standardResponse) {
				r.object = func(t *testing.T, format string, statement map[string]any, authData []byte) []byte {
					t.Helper()
					return slices.Concat([]byte{0xa3},
						canonicalCBOR(t, "authData"), canonicalCBOR(t, authData),
						canonicalCBOR(t, "fmt"), canonicalCBOR(t, format),
						canonicalCBOR(t, "attStmt"), canonicalCBOR(t, statement))
				}
			},
		},
		{
			name:   "Client data with two challenges, of which the second is right",
			source: "Section 7.1, step 6, leaves the parser to the relying party; RFC 8259, section 4: names should be unique",
			make: func(_ *testing.T, r *standardResponse) {
				r.challenge = `b3RoZXI","challenge":"` + r.challenge
			},
			kind: passkey.ErrMalformed, text: "clientDataJSON",
		},
		{
			name:   "No attestation, but a statement",
			source: "Section 8.7: the statement is an empty map, but the verification procedure does not look at it",
			make: func(_ *testing.T, r *standardResponse) {
				r.statement = selfAttestation
			},
			kind: passkey.ErrAttestation, text: "attStmt",
		},
		{
			name:   "Old Edge, which supports token binding",
			source: "Section 5.8.1: reserved, and section 7.1 does not look at it",
			make: func(_ *testing.T, r *standardResponse) {
				r.clientData += `,"tokenBinding":{"status":"supported"}`
			},
		},
		{
			name:        "No attestation where it was asked for",
			source:      "Section 7.1, step 24: by policy; the package's documentation of AttestationDirect",
			attestation: passkey.AttestationDirect,
			make:        func(*testing.T, *standardResponse) {},
			kind:        passkey.ErrAttestation, text: "attStmt",
		},
	})
}

// TestStricterThanTheStandard has a response that this package rejects although the standard does not say that it must.
func TestStricterThanTheStandard(t *testing.T) {
	t.Parallel()
	judge(t, []standardCase{
		// The standard lets a relying party ignore unknown fields. But step 6 of section 7.1 leaves the choice of the
		// parser to the relying party, and some parsers would read this field as the challenge, so it is safer to
		// reject it.
		{
			name:   "Client data with an unknown field that differs from the challenge in letter case only",
			source: "Section 5.8.1: fields may be added; RFC 8259, section 8.3: names are compared by code units",
			make: func(_ *testing.T, r *standardResponse) {
				r.clientData += `,"Challenge":"b3RoZXI"`
			},
			kind: passkey.ErrMalformed, text: "letter case",
		},
	})
}
