package passkey_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-tpm/tpm2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkey"
)

// device describes a registration response in testdata/judgements and the expected result. The descriptions and results
// were written down from W3C WebAuthn and from what browsers and password managers publish.
type device struct {
	Device     string
	Algorithm  int // COSE algorithm of the passkey; 0 means ES256
	By         int // COSE algorithm of the attestation statement; 0 means the one of the format
	AAGUID     string
	IDBytes    int
	Flags      string
	Extensions map[string]any
	Transports json.RawMessage
	ClientData map[string]any // fields added to the client data; null removes a field
	Outer      map[string]any
	Spelling   string // form of base64: "padded", "standard", or "" for base64url
	Format     string
	Expired    bool   // whether the certificate has expired
	Forged     string // what is wrong in the statement: "signature", "data", "key" or "model"
	Leaks      bool   // whether the public key has its private part
	Asked      bool   // whether the relying party asks for attestation
	Unverified bool   // whether the relying party accepts a passkey without user verification
	Judgement  string
}

var judgements = map[string]error{
	"accepted": nil, "attestation": passkey.ErrAttestation, "user verification": passkey.ErrUserVerification,
	"challenge": passkey.ErrChallenge, "origin": passkey.ErrOrigin, "malformed": passkey.ErrMalformed, "key": passkey.ErrUnsupportedKey,
}

func TestRegistrationsAreJudgedRightly(t *testing.T) {
	text, err := os.ReadFile("testdata/judgements/registrations.json")
	require.NoError(t, err)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var devices []device
	require.NoError(t, dec.Decode(&devices))
	require.Greater(t, len(devices), 30)
	for _, d := range devices {
		t.Run(d.Device, func(t *testing.T) {
			if d.By == -65535 && fips140.Enforced() {
				t.Skip("the test cannot make a statement by SHA-1 here; TestStatementBySHA1 reads one")
			}
			want, known := judgements[d.Judgement]
			require.True(t, known, d.Judgement)
			rp := relyingParty()
			if d.Asked {
				rp.Attestation = passkey.AttestationDirect
			}
			if d.Unverified {
				rp.UserVerification = passkey.UserVerificationPreferred
			}
			_, state, err := rp.BeginRegistration(ada)
			require.NoError(t, err)
			c, err := rp.FinishRegistration(state, d.register(t, state.Challenge), "key")
			if want == nil {
				require.NoError(t, err)
				requireSound(t, c)
				assert.Equal(t, strings.Contains(d.Flags, "UV"), c.UserVerified)
				return
			}
			require.ErrorIs(t, err, want)
			assert.Nil(t, c)
		})
	}
}

// maker makes the response of a device. It has what the attestation statement is made of.
type maker struct {
	t                              *testing.T
	d                              device
	key                            crypto.Signer
	cose                           map[int]any
	id, aaguid, authData, dataHash []byte
}

func (d device) register(t *testing.T, challenge string) []byte {
	t.Helper()
	m := &maker{t: t, d: d, id: bytes.Repeat([]byte{7}, d.IDBytes), aaguid: make([]byte, 16)}
	if d.AAGUID != "" {
		m.aaguid = must(hex.DecodeString(d.AAGUID))
	}
	m.makeKey()
	client := map[string]any{"type": "webauthn.create", "challenge": challenge, "origin": "https://example.com", "crossOrigin": false}
	maps.Copy(client, d.ClientData)
	maps.DeleteFunc(client, func(_ string, v any) bool { return v == nil })
	clientData := must(json.Marshal(client))
	hash := sha256.Sum256(clientData)
	m.dataHash = hash[:]

	site := sha256.Sum256([]byte("example.com"))
	flags := byte(64) // attested credential data
	for _, f := range strings.Fields(d.Flags) {
		flags |= map[string]byte{"UP": 1, "UV": 4, "BE": 8, "BS": 16}[f]
	}
	if d.Extensions != nil {
		flags |= 128
	}
	m.authData = slices.Concat(site[:], []byte{flags, 0, 0, 0, 0}, m.aaguid)
	m.authData = binary.BigEndian.AppendUint16(m.authData, uint16(len(m.id)))
	m.authData = slices.Concat(m.authData, m.id, must(cbor.Marshal(m.cose)))
	if d.Extensions != nil {
		m.authData = append(m.authData, must(cbor.Marshal(d.Extensions))...)
	}
	format, statement := m.statement()
	object := must(cbor.Marshal(map[string]any{"fmt": format, "attStmt": statement, "authData": m.authData}))

	encoding := base64.RawURLEncoding
	switch d.Spelling {
	case "padded":
		encoding = base64.URLEncoding
	case "standard":
		encoding = base64.StdEncoding
	}
	response := map[string]any{"clientDataJSON": encoding.EncodeToString(clientData), "attestationObject": encoding.EncodeToString(object)}
	if d.Transports != nil {
		response["transports"] = d.Transports
	}
	outer := map[string]any{"id": encode(m.id), "rawId": encoding.EncodeToString(m.id), "type": "public-key", "response": response}
	maps.Copy(outer, d.Outer)
	return must(json.Marshal(outer))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newECDSA(curve elliptic.Curve) *ecdsa.PrivateKey {
	return must(ecdsa.GenerateKey(curve, rand.Reader))
}

func (m *maker) makeKey() {
	onCurve := func(curve elliptic.Curve, algorithm, id int) {
		key := newECDSA(curve)
		point := must(key.PublicKey.Bytes())[1:]
		m.key, m.cose = key, map[int]any{1: 2, 3: algorithm, -1: id, -2: point[:len(point)/2], -3: point[len(point)/2:]}
		if m.d.Leaks {
			m.cose[-4] = must(key.Bytes())
		}
	}
	switch m.d.Algorithm {
	case 0:
		onCurve(elliptic.P256(), -7, 1)
	case -35:
		onCurve(elliptic.P384(), -35, 2)
	case -257:
		key := must(rsa.GenerateKey(rand.Reader, 2048))
		m.key, m.cose = key, map[int]any{1: 3, 3: -257, -1: key.N.Bytes(), -2: []byte{1, 0, 1}}
	case -8:
		public, key, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(m.t, err)
		m.key, m.cose = key, map[int]any{1: 1, 3: -8, -1: 6, -2: []byte(public)}
	default:
		m.t.Fatal("unknown algorithm")
	}
}

// certificate returns a self-signed certificate of the key.
func (m *maker) certificate(key crypto.Signer, subject pkix.Name, more ...pkix.Extension) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject, NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0),
		BasicConstraintsValid: true, ExtraExtensions: more,
	}
	if m.d.Expired {
		template.NotAfter = time.Now().AddDate(-1, 0, 0)
	}
	return must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
}

// sign returns a signature of data, or of other data if Forged is "signature".
func (m *maker) sign(key crypto.Signer, data []byte) []byte {
	if m.d.Forged == "signature" {
		data = append(bytes.Clone(data), 0)
	}
	digest := sha256.Sum256(data)
	return must(key.Sign(rand.Reader, digest[:], crypto.SHA256))
}

// about returns data, or zeros of the same length if Forged is "data": the statement is then about other data.
func (m *maker) about(data []byte) []byte {
	if m.d.Forged == "data" {
		return make([]byte, len(data))
	}
	return data
}

// subject returns the key that the statement is about: the credential's, or a new P-256 key if Forged is "key".
func (m *maker) subject() crypto.Signer {
	if m.d.Forged == "key" {
		return newECDSA(elliptic.P256())
	}
	return m.key
}

func (m *maker) statement() (format string, statement map[string]any) {
	data := slices.Concat(m.authData, m.dataHash)
	batch := newECDSA(elliptic.P256())
	vendor := pkix.Name{Country: []string{"SE"}, Organization: []string{"Keys"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Batch"}
	switch m.d.Format {
	case "":
		return "none", map[string]any{}
	case "packed":
		model := bytes.Clone(m.aaguid)
		if m.d.Forged == "model" {
			model[0] ^= 1
		}
		extension := pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: must(asn1.Marshal(model))}
		return "packed", map[string]any{"alg": -7, "sig": m.sign(batch, data), "x5c": []any{m.certificate(batch, vendor, extension)}}
	case "packed-self":
		return "packed", map[string]any{"alg": m.cose[3], "sig": m.sign(m.key, data)}
	case "fido-u2f":
		key := m.key.Public().(*ecdsa.PublicKey)
		response := slices.Concat([]byte{0}, m.authData[:32], m.dataHash, m.id, must(key.Bytes()))
		return "fido-u2f", map[string]any{"sig": m.sign(batch, response), "x5c": []any{m.certificate(batch, vendor)}}
	case "android-key":
		list := asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true}
		description := must(asn1.Marshal(struct {
			Version, Level, KeymasterVersion, KeymasterLevel int
			Challenge, UniqueID                              []byte
			Software, Hardware                               asn1.RawValue
		}{3, 1, 4, 1, m.about(m.dataHash), nil, list, list}))
		key := m.subject()
		certificate := m.certificate(key, vendor, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}, Value: description})
		return "android-key", map[string]any{"alg": -7, "sig": m.sign(key, data), "x5c": []any{certificate}}
	case "apple":
		nonce := sha256.Sum256(data)
		extension := must(asn1.Marshal(struct {
			Nonce []byte `asn1:"tag:1,explicit"`
		}{m.about(nonce[:])}))
		certificate := m.certificate(m.subject(), vendor, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}, Value: extension})
		return "apple", map[string]any{"x5c": []any{certificate}}
	case "android-safetynet":
		key := must(rsa.GenerateKey(rand.Reader, 2048))
		nonce := sha256.Sum256(data)
		part := func(v any) string { return encode(must(json.Marshal(v))) }
		text := part(map[string]any{"alg": "RS256", "x5c": []any{m.certificate(key, vendor)}}) + "." +
			part(map[string]any{"nonce": m.about(nonce[:]), "ctsProfileMatch": true, "timestampMs": time.Now().UnixMilli()})
		return "android-safetynet", map[string]any{"ver": "230000000", "response": []byte(text + "." + encode(m.sign(key, []byte(text))))}
	case "tpm":
		return "tpm", m.tpm(data)
	}
	return m.d.Format, map[string]any{"proof": []byte("something new")}
}

func (m *maker) tpm(data []byte) map[string]any {
	public := tpm2.TPMTPublic{NameAlg: tpm2.TPMAlgSHA256}
	switch key := m.subject().Public().(type) {
	case *rsa.PublicKey:
		public.Type = tpm2.TPMAlgRSA
		public.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgRSA, &tpm2.TPMSRSAParms{KeyBits: 2048})
		public.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: key.N.Bytes()})
	case *ecdsa.PublicKey:
		point := must(key.Bytes())[1:]
		public.Type = tpm2.TPMAlgECC
		public.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{CurveID: tpm2.TPMECCNistP256})
		public.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
			X: tpm2.TPM2BECCParameter{Buffer: point[:32]}, Y: tpm2.TPM2BECCParameter{Buffer: point[32:]},
		})
	}
	algorithm, hash, digest := -257, crypto.SHA256, sha256.New()
	if m.d.By == -65535 {
		algorithm, hash, digest = -65535, crypto.SHA1, sha1.New()
	}
	digest.Write(data)
	name := must(tpm2.ObjectName(&public))
	certInfo := tpm2.Marshal(tpm2.TPMSAttest{
		Magic: tpm2.TPMGeneratedValue, Type: tpm2.TPMSTAttestCertify, ExtraData: tpm2.TPM2BData{Buffer: m.about(digest.Sum(nil))},
		Attested: tpm2.NewTPMUAttest(tpm2.TPMSTAttestCertify, &tpm2.TPMSCertifyInfo{Name: *name}),
	})
	aik := must(rsa.GenerateKey(rand.Reader, 2048))
	sig := m.sign(aik, certInfo)
	if hash == crypto.SHA1 {
		sum := sha1.Sum(certInfo)
		sig = must(rsa.SignPKCS1v15(nil, aik, crypto.SHA1, sum[:]))
	}
	return map[string]any{
		"ver": "2.0", "alg": algorithm, "sig": sig, "x5c": []any{m.certificate(aik, pkix.Name{})},
		"certInfo": certInfo, "pubArea": tpm2.Marshal(public),
	}
}
