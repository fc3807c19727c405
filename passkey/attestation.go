package passkey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/google/go-tpm/tpm2"
)

// The reasons that contradiction returns: how an attestation statement contradicts the registration that it comes with.
const (
	wrongSignature = "its signature is not one of the signed data"
	wrongKey       = "it is about another public key"
	wrongData      = "it is about other data"
	wrongModel     = "its certificate is of another model of authenticator"
	notNone        = "the format is none, and there is a statement"
	incomplete     = "it lacks what its format must have"
)

// The extensions of a certificate with the authenticator's model (FIDO), and with the data that a statement is about
// (Android, Apple).
var (
	oidAAGUID     = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}
	oidAndroidKey = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}
	oidApple      = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}
)

// statement is an attestation statement and the registration that it must agree with.
type statement struct {
	fields map[string]any
	signed []byte // the data that the statement signs: the authenticator data and the hash of the client data
	object *protocol.AttestationObject
}

// requiredFields has the fields that an attestation statement of each format must have (W3C WebAuthn, sections 8.2 to
// 8.8).
var requiredFields = map[protocol.AttestationFormat][]string{
	protocol.AttestationFormatPacked:                    {"alg", "sig"},
	protocol.AttestationFormatTPM:                       {"ver", "alg", "sig", "certInfo", "pubArea"},
	protocol.AttestationFormatAndroidKey:                {"alg", "sig", "x5c"},
	protocol.AttestationFormatAndroidSafetyNet:          {"ver", "response"},
	protocol.AttestationFormatFIDOUniversalSecondFactor: {"sig", "x5c"},
	protocol.AttestationFormatApple:                     {"x5c"},
}

// contradiction returns how an attestation statement contradicts its registration (W3C WebAuthn, section 8). It returns
// "" if the statement does not, if the format is unknown, or if the statement cannot be read. Unlike the verification
// by go-webauthn it checks neither dates and names in certificates nor who issued them.
func contradiction(object *protocol.AttestationObject, clientDataHash []byte) (reason string) {
	s := statement{object.AttStatement, slices.Concat(object.RawAuthData, clientDataHash), object}
	for _, field := range requiredFields[protocol.AttestationFormat(object.Format)] {
		if s.fields[field] == nil {
			return incomplete
		}
	}
	switch protocol.AttestationFormat(object.Format) {
	case protocol.AttestationFormatNone:
		if len(s.fields) > 0 {
			return notNone
		}
	case protocol.AttestationFormatPacked:
		return s.packed()
	case protocol.AttestationFormatFIDOUniversalSecondFactor:
		return s.u2f(clientDataHash)
	case protocol.AttestationFormatTPM:
		return s.tpm()
	case protocol.AttestationFormatAndroidKey:
		return s.androidKey(clientDataHash)
	case protocol.AttestationFormatApple:
		return s.apple()
	case protocol.AttestationFormatAndroidSafetyNet:
		return s.safetyNet()
	case protocol.AttestationFormatCompound:
		for _, part := range object.SubStatements {
			if part.Format == string(protocol.AttestationFormatCompound) {
				continue
			}
			one := *object
			one.Format, one.AttStatement, one.SubStatements = part.Format, part.AttStatement, nil
			if reason := contradiction(&one, clientDataHash); reason != "" {
				return reason
			}
		}
	}
	return ""
}

// certificate returns the first certificate of x5c, nil if there is none or it cannot be read.
func (s statement) certificate() *x509.Certificate {
	chain, _ := s.fields["x5c"].([]any)
	if len(chain) == 0 {
		return nil
	}
	der, _ := chain[0].([]byte)
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return certificate
}

// signature returns the signature and its algorithm. The signature is nil if the statement has none or names no
// algorithm.
func (s statement) signature() (sig []byte, algorithm webauthncose.COSEAlgorithmIdentifier) {
	sig, _ = s.fields["sig"].([]byte)
	id, ok := integer(s.fields["alg"])
	if !ok {
		return nil, 0
	}
	return sig, webauthncose.COSEAlgorithmIdentifier(id)
}

// checkSignature returns wrongSignature if the certificate's key does not verify the signature. It returns "" if it
// does, and if the algorithm is unknown, insecure or not supported, so that the signature cannot be checked.
func checkSignature(certificate *x509.Certificate, algorithm x509.SignatureAlgorithm, data, sig []byte) (reason string) {
	if algorithm == x509.UnknownSignatureAlgorithm {
		return ""
	}
	err := certificate.CheckSignature(algorithm, data, sig)
	var insecure x509.InsecureAlgorithmError
	if err == nil || errors.As(err, &insecure) || errors.Is(err, x509.ErrUnsupportedAlgorithm) {
		return ""
	}
	return wrongSignature
}

func (s statement) packed() (reason string) {
	sig, algorithm := s.signature()
	if sig == nil || s.fields["ecdaaKeyId"] != nil {
		return ""
	}
	if s.fields["x5c"] == nil { // the credential's own key has signed
		key, err := webauthncose.ParsePublicKey(s.object.AuthData.AttData.CredentialPublicKey)
		if err != nil {
			return wrongKey
		}
		if valid, err := webauthncose.VerifySignature(key, s.signed, sig); err != nil || !valid || keyAlgorithm(key) != algorithm {
			return wrongSignature
		}
		return ""
	}
	certificate := s.certificate()
	if certificate == nil {
		return ""
	}
	if reason := checkSignature(certificate, webauthncose.SigAlgFromCOSEAlg(algorithm), s.signed, sig); reason != "" {
		return reason
	}
	return s.checkModel(certificate)
}

// checkModel returns wrongModel if the certificate is for another AAGUID than that of the authenticator data, and "" if
// it is for the same or for none.
func (s statement) checkModel(certificate *x509.Certificate) (reason string) {
	var model []byte
	if _, err := asn1.Unmarshal(extension(certificate, oidAAGUID), &model); err == nil && !bytes.Equal(model, s.object.AuthData.AttData.AAGUID) {
		return wrongModel
	}
	return ""
}

func (s statement) u2f(clientDataHash []byte) (reason string) {
	sig, _ := s.fields["sig"].([]byte)
	certificate := s.certificate()
	if certificate == nil || sig == nil {
		return ""
	}
	key, isCurve := credentialKey(s.object).(*ecdsa.PublicKey)
	if !isCurve {
		return wrongKey // a U2F key is always on P-256
	}
	point, err := key.Bytes()
	if err != nil {
		return wrongKey
	}
	data := slices.Concat([]byte{0}, s.object.AuthData.RPIDHash, clientDataHash, s.object.AuthData.AttData.CredentialID, point)
	return checkSignature(certificate, x509.ECDSAWithSHA256, data, sig)
}

func (s statement) androidKey(clientDataHash []byte) (reason string) {
	sig, algorithm := s.signature()
	certificate := s.certificate()
	if certificate == nil || sig == nil {
		return ""
	}
	var description struct {
		Version, Level, KeymasterVersion, KeymasterLevel asn1.RawValue
		Challenge                                        []byte
		Rest                                             []asn1.RawValue `asn1:"optional,omitempty"`
	}
	_, err := asn1.Unmarshal(extension(certificate, oidAndroidKey), &description)
	switch {
	case !sameKey(certificate, s.object):
		return wrongKey
	case err == nil && !bytes.Equal(description.Challenge, clientDataHash):
		return wrongData
	}
	return checkSignature(certificate, webauthncose.SigAlgFromCOSEAlg(algorithm), s.signed, sig)
}

func (s statement) apple() (reason string) {
	certificate := s.certificate()
	if certificate == nil {
		return ""
	}
	var about struct {
		Nonce []byte `asn1:"tag:1,explicit"`
	}
	_, err := asn1.Unmarshal(extension(certificate, oidApple), &about)
	nonce := sha256.Sum256(s.signed)
	switch {
	case !sameKey(certificate, s.object):
		return wrongKey
	case err == nil && !bytes.Equal(about.Nonce, nonce[:]):
		return wrongData
	}
	return ""
}

func (s statement) tpm() (reason string) {
	sig, algorithm := s.signature()
	certInfo, _ := s.fields["certInfo"].([]byte)
	pubArea, _ := s.fields["pubArea"].([]byte)
	public, err := tpm2.Unmarshal[tpm2.TPMTPublic](pubArea)
	if err != nil {
		return ""
	}
	if key, known := tpmKey(public); known && !sameAs(key, s.object) {
		return wrongKey
	}
	attested, err := tpm2.Unmarshal[tpm2.TPMSAttest](certInfo)
	if err != nil {
		return ""
	}
	if hash, known := webauthncose.HasherFromCOSEAlg(algorithm); known {
		hash.Write(s.signed)
		if !bytes.Equal(attested.ExtraData.Buffer, hash.Sum(nil)) {
			return wrongData
		}
	}
	if certify, err := attested.Attested.Certify(); err == nil {
		if name, err := tpm2.ObjectName(public); err == nil && !bytes.Equal(certify.Name.Buffer, name.Buffer) {
			return wrongKey
		}
	}
	certificate := s.certificate()
	if certificate == nil || sig == nil {
		return ""
	}
	if reason := checkSignature(certificate, webauthncose.SigAlgFromCOSEAlg(algorithm), certInfo, sig); reason != "" {
		return reason
	}
	return s.checkModel(certificate)
}

// tpmKey returns the public key in a TPM's TPMT_PUBLIC. known is false if it is neither an RSA key nor one on P-256.
func tpmKey(public *tpm2.TPMTPublic) (key crypto.PublicKey, known bool) {
	if parameters, err := public.Parameters.RSADetail(); err == nil {
		modulus, err := public.Unique.RSA()
		if err != nil {
			return nil, false
		}
		exponent := parameters.Exponent
		if exponent == 0 {
			exponent = 65537 // a TPM writes 0 for it
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus.Buffer), E: int(exponent)}, true
	}
	parameters, err := public.Parameters.ECCDetail()
	if err != nil {
		return nil, false
	}
	point, err := public.Unique.ECC()
	if err != nil || parameters.CurveID != tpm2.TPMECCNistP256 {
		return nil, false
	}
	curve := webauthncose.EC2PublicKeyData{
		PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
		Curve:         int64(webauthncose.P256), XCoord: point.X.Buffer, YCoord: point.Y.Buffer,
	}
	ec, err := curve.ToECDSA()
	return ec, err == nil
}

// safetyNet checks the nonce and the signature of the JWS in the statement (W3C WebAuthn, section 8.5).
func (s statement) safetyNet() (reason string) {
	response, _ := s.fields["response"].([]byte)
	parts := strings.Split(string(response), ".")
	if len(parts) != 3 {
		return ""
	}
	var header struct {
		X5C [][]byte `json:"x5c"` // standard base64, as encoding/json reads bytes
	}
	var payload struct {
		Nonce []byte `json:"nonce"`
	}
	for i, into := range []any{&header, &payload} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			return ""
		}
	}
	if nonce := sha256.Sum256(s.signed); !bytes.Equal(payload.Nonce, nonce[:]) {
		return wrongData
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(header.X5C) == 0 {
		return ""
	}
	certificate, err := x509.ParseCertificate(header.X5C[0])
	if err != nil {
		return ""
	}
	return checkSignature(certificate, x509.SHA256WithRSA, []byte(parts[0]+"."+parts[1]), sig)
}

func extension(certificate *x509.Certificate, id asn1.ObjectIdentifier) []byte {
	for _, e := range certificate.Extensions {
		if e.Id.Equal(id) {
			return e.Value
		}
	}
	return nil
}

// credentialKey returns the public key of the new credential, nil if it is neither an elliptic-curve nor an RSA key.
func credentialKey(object *protocol.AttestationObject) crypto.PublicKey {
	parsed, err := webauthncose.ParsePublicKey(object.AuthData.AttData.CredentialPublicKey)
	if err != nil {
		return nil
	}
	switch key := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		if public, err := key.ToECDSA(); err == nil {
			return public
		}
	case webauthncose.RSAPublicKeyData:
		if e, err := webauthncose.ParseRSAPublicKeyDataExponent(&key); err == nil {
			return &rsa.PublicKey{N: new(big.Int).SetBytes(key.Modulus), E: e}
		}
	}
	return nil
}

func keyAlgorithm(key any) webauthncose.COSEAlgorithmIdentifier {
	switch k := key.(type) {
	case webauthncose.EC2PublicKeyData:
		return webauthncose.COSEAlgorithmIdentifier(k.Algorithm)
	case webauthncose.RSAPublicKeyData:
		return webauthncose.COSEAlgorithmIdentifier(k.Algorithm)
	}
	return 0
}

// sameKey reports whether the certificate's public key is that of the new credential.
func sameKey(certificate *x509.Certificate, object *protocol.AttestationObject) bool {
	return sameAs(certificate.PublicKey, object)
}

func sameAs(key crypto.PublicKey, object *protocol.AttestationObject) bool {
	comparable, ok := credentialKey(object).(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(key)
}
