package passkey_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"
)

// The flags of authenticator data (W3C WebAuthn, section 6.1).
const (
	flagUP = 0x01
	flagUV = 0x04
	flagBE = 0x08
	flagBS = 0x10
	flagAT = 0x40
	flagED = 0x80

	// syncedFlags is what a password manager reports, boundFlags what a platform authenticator or a security key with
	// a PIN reports.
	syncedFlags = flagUP | flagUV | flagBE | flagBS | flagAT
	boundFlags  = flagUP | flagUV | flagAT
)

// standardResponse is everything that a browser and an authenticator decide about a registration response. Each case
// changes the fields in which its response differs from that of newStandardResponse.
type standardResponse struct {
	ceremony, challenge, origin string
	// clientData is the JSON text of further fields of the client data, each after a comma. clientDataPrefix is written
	// before the JSON object.
	clientData, clientDataPrefix string

	rpID      string
	flags     byte
	signCount uint32
	aaguid    string
	id        []byte
	key       crypto.Signer
	// cose changes the COSE_Key before it is encoded, as a map; coseBytes replaces its encoding.
	cose      func(map[int]any)
	coseBytes []byte
	// extensions are the authenticator's extension outputs. A case that has some must set the flag ED in flags.
	extensions any
	// authData changes the finished authenticator data.
	authData func([]byte) []byte

	format    string
	statement func(t *testing.T, r *standardResponse, authData, clientDataHash []byte) map[string]any
	// object replaces the encoding of the attestation object.
	object func(t *testing.T, format string, statement map[string]any, authData []byte) []byte

	encoding   *base64.Encoding
	transports []string
	// response changes the finished RegistrationResponseJSON; inner is its field "response".
	response func(outer, inner map[string]any)
}

// newStandardResponse returns a valid response to the challenge, as a password manager would make it.
func newStandardResponse(t *testing.T, challenge string) *standardResponse {
	t.Helper()
	return &standardResponse{
		ceremony: "webauthn.create", challenge: challenge, origin: "https://app.example.com",
		clientData: `,"crossOrigin":false`,
		rpID:       "example.com", flags: syncedFlags, aaguid: strings.Repeat("0", 32),
		id: randomBytes(16), key: newP256Key(t), format: "none",
		encoding: base64.RawURLEncoding, transports: []string{"hybrid", "internal"},
	}
}

// json encodes the response as PublicKeyCredential.toJSON() does.
func (r *standardResponse) json(t *testing.T) []byte {
	t.Helper()
	clientData := r.clientDataPrefix + `{"type":"` + r.ceremony + `","challenge":"` + r.challenge + `","origin":"` +
		r.origin + `"` + r.clientData + `}`
	clientDataHash := sha256.Sum256([]byte(clientData))
	authData := r.authenticatorData(t)
	statement := map[string]any{}
	if r.statement != nil {
		statement = r.statement(t, r, authData, clientDataHash[:])
	}
	encode := attestationObject
	if r.object != nil {
		encode = r.object
	}
	spki, err := x509.MarshalPKIXPublicKey(r.key.Public())
	require.NoError(t, err)
	inner := map[string]any{
		"clientDataJSON":     r.encoding.EncodeToString([]byte(clientData)),
		"authenticatorData":  r.encoding.EncodeToString(authData),
		"transports":         r.transports,
		"publicKey":          r.encoding.EncodeToString(spki),
		"publicKeyAlgorithm": r.algorithm(),
		"attestationObject":  r.encoding.EncodeToString(encode(t, r.format, statement, authData)),
	}
	outer := map[string]any{
		"id": base64.RawURLEncoding.EncodeToString(r.id), "rawId": r.encoding.EncodeToString(r.id), "type": "public-key",
		"authenticatorAttachment": "platform", "clientExtensionResults": map[string]any{}, "response": inner,
	}
	if r.response != nil {
		r.response(outer, inner)
	}
	text, err := json.Marshal(outer)
	require.NoError(t, err)
	return text
}

// authenticatorData returns the authenticator data (W3C WebAuthn, sections 6.1 and 6.5.1).
func (r *standardResponse) authenticatorData(t *testing.T) []byte {
	t.Helper()
	hash := sha256.Sum256([]byte(r.rpID))
	data := append(hash[:], r.flags)
	data = binary.BigEndian.AppendUint32(data, r.signCount)
	data = append(data, r.aaguidBytes(t)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(r.id)))
	data = append(data, r.id...)
	if r.coseBytes != nil {
		data = append(data, r.coseBytes...)
	} else {
		cose := coseKey(t, r.key)
		if r.cose != nil {
			r.cose(cose)
		}
		data = append(data, canonicalCBOR(t, cose)...)
	}
	if r.extensions != nil {
		data = append(data, canonicalCBOR(t, r.extensions)...)
	}
	if r.authData != nil {
		data = r.authData(data)
	}
	return data
}

func (r *standardResponse) aaguidBytes(t *testing.T) []byte {
	t.Helper()
	aaguid, err := hex.DecodeString(strings.ReplaceAll(r.aaguid, "-", ""))
	require.NoError(t, err)
	require.Len(t, aaguid, 16)
	return aaguid
}

func (r *standardResponse) algorithm() int {
	switch r.key.(type) {
	case *rsa.PrivateKey:
		return -257
	case ed25519.PrivateKey:
		return -8
	default:
		return -7
	}
}

// coseKey returns the COSE_Key of a public key (RFC 9053, section 7, and RFC 8230, section 4).
func coseKey(t *testing.T, key crypto.Signer) map[int]any {
	t.Helper()
	switch public := key.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		require.NoError(t, err)
		return map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}
	case *rsa.PublicKey:
		return map[int]any{1: 3, 3: -257, -1: public.N.Bytes(), -2: big.NewInt(int64(public.E)).Bytes()}
	case ed25519.PublicKey:
		return map[int]any{1: 1, 3: -8, -1: 6, -2: []byte(public)}
	default:
		require.Failf(t, "no COSE_Key", "for %T", public)
		return nil
	}
}

// canonicalCBOR encodes in the CTAP2 canonical form.
func canonicalCBOR(t *testing.T, value any) []byte {
	t.Helper()
	mode, err := cbor.CTAP2EncOptions().EncMode()
	require.NoError(t, err)
	encoded, err := mode.Marshal(value)
	require.NoError(t, err)
	return encoded
}

func attestationObject(t *testing.T, format string, statement map[string]any, authData []byte) []byte {
	t.Helper()
	return canonicalCBOR(t, map[string]any{"fmt": format, "attStmt": statement, "authData": authData})
}

// selfAttestation returns the statement of packed self attestation (section 8.2).
func selfAttestation(t *testing.T, r *standardResponse, authData, clientDataHash []byte) map[string]any {
	t.Helper()
	return map[string]any{
		"alg": r.algorithm(), "sig": signSHA256(t, r.key, slices.Concat(authData, clientDataHash)),
	}
}

// packedAttestation returns a function that makes the statement of packed attestation (section 8.2), with a certificate
// that is valid until the given time.
func packedAttestation(until time.Time) func(*testing.T, *standardResponse, []byte, []byte) map[string]any {
	return func(t *testing.T, r *standardResponse, authData, clientDataHash []byte) map[string]any {
		t.Helper()
		aaguid, err := asn1.Marshal(r.aaguidBytes(t))
		require.NoError(t, err)
		template := &x509.Certificate{
			Subject: pkix.Name{
				Country: []string{"SE"}, Organization: []string{"Yubico AB"},
				OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Yubico U2F EE Serial 1",
			},
			NotAfter:        until,
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: aaguid}},
		}
		attestationKey := newP256Key(t)
		signature := signSHA256(t, attestationKey, slices.Concat(authData, clientDataHash))
		return map[string]any{
			"alg": -7, "sig": signature, "x5c": [][]byte{attestationCertificate(t, template, attestationKey)},
		}
	}
}

// u2fAttestation returns the statement of a U2F key (section 8.6).
func u2fAttestation(t *testing.T, r *standardResponse, authData, clientDataHash []byte) map[string]any {
	t.Helper()
	public, isECDSA := r.key.Public().(*ecdsa.PublicKey)
	require.True(t, isECDSA)
	point, err := public.Bytes()
	require.NoError(t, err)
	signed := slices.Concat([]byte{0}, authData[:32], clientDataHash, r.id, point)
	attestationKey := newP256Key(t)
	certificate := attestationCertificate(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "Yubico U2F EE Serial 2"}, NotAfter: time.Now().Add(time.Hour),
	}, attestationKey)
	return map[string]any{"sig": signSHA256(t, attestationKey, signed), "x5c": [][]byte{certificate}}
}

// tpmAttestation returns the statement of Windows Hello with a TPM and an RSA key (section 8.3). The structures are
// those of the TPM 2.0 Library, Part 2: TPMT_PUBLIC and TPMS_ATTEST.
func tpmAttestation(t *testing.T, r *standardResponse, authData, clientDataHash []byte) map[string]any {
	t.Helper()
	public, isRSA := r.key.Public().(*rsa.PublicKey)
	require.True(t, isRSA)
	// An RSA key (0x0001) named by SHA-256 (0x000b), with its attributes, an empty policy, no symmetric algorithm and no
	// scheme (0x0010), of 2048 bits, and with the exponent 0, which stands for 65537.
	publicArea := []byte{0, 1, 0, 0x0b, 0, 6, 4, 0x72, 0, 0, 0, 0x10, 0, 0x10, 8, 0, 0, 0, 0, 0}
	publicArea = appendSized(publicArea, public.N.Bytes())
	digest := sha256.Sum256(publicArea)
	extraData := sha256.Sum256(slices.Concat(authData, clientDataHash))
	// TPM_GENERATED_VALUE and TPM_ST_ATTEST_CERTIFY, the qualified signer, the extra data, 17 bytes of clock and 8 of
	// firmware version, the name of the key, and its qualified name.
	certInfo := appendSized([]byte{0xff, 'T', 'C', 'G', 0x80, 0x17}, append([]byte{0, 0x0b}, randomBytes(32)...))
	certInfo = appendSized(certInfo, extraData[:])
	certInfo = append(certInfo, randomBytes(16)...)
	certInfo = append(append(certInfo, 1), randomBytes(8)...)
	certInfo = appendSized(certInfo, append([]byte{0, 0x0b}, digest[:]...))
	certInfo = appendSized(certInfo, append([]byte{0, 0x0b}, randomBytes(32)...))

	identityKey := newRSAKey(t)
	certificate := attestationCertificate(t, &x509.Certificate{
		NotAfter:           time.Now().Add(time.Hour),
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{{2, 23, 133, 8, 3}},
		ExtraExtensions: []pkix.Extension{{
			Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: tpmName(t),
		}},
	}, identityKey)
	return map[string]any{
		"ver": "2.0", "alg": -257, "x5c": [][]byte{certificate}, "sig": signSHA256(t, identityKey, certInfo),
		"certInfo": certInfo, "pubArea": publicArea,
	}
}

// tpmName returns the subject alternative name of a TPM: the directory name of its manufacturer (Infineon), model and
// version.
func tpmName(t *testing.T) []byte {
	t.Helper()
	text := func(value string) asn1.RawValue {
		return asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(value)}
	}
	name, err := asn1.Marshal(pkix.RDNSequence{{
		{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 1}, Value: text("id:49465800")},
		{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 2}, Value: text("SLB9670")},
		{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 3}, Value: text("id:0007")},
	}})
	require.NoError(t, err)
	names, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: name}})
	require.NoError(t, err)
	return names
}

// attestationCertificate returns a certificate of the key, made from the template and issued by an unknown authority.
func attestationCertificate(t *testing.T, template *x509.Certificate, key crypto.Signer) []byte {
	t.Helper()
	template.SerialNumber = big.NewInt(1)
	template.NotBefore = time.Now().AddDate(-2, 0, 0)
	template.BasicConstraintsValid = true
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: template.NotBefore, NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, authority, key.Public(), newP256Key(t))
	require.NoError(t, err)
	return certificate
}

// signSHA256 returns a signature of the message, hashed with SHA-256 as in ES256 and RS256.
func signSHA256(t *testing.T, key crypto.Signer, message []byte) []byte {
	t.Helper()
	digest := sha256.Sum256(message)
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	require.NoError(t, err)
	return signature
}

// appendSized appends a TPM2B structure: the length in two bytes, and the value.
func appendSized(to, value []byte) []byte {
	return append(binary.BigEndian.AppendUint16(to, uint16(len(value))), value...)
}

func randomBytes(n int) []byte {
	random := make([]byte, n)
	_, _ = rand.Read(random)
	return random
}

func newP256Key(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func newRSAKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return key
}
