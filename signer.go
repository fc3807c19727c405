package byzantine

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/p256"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// The three headers of a signed request.
const (
	pubkeyHeader    = "X-Pubkey"
	timestampHeader = "X-Timestamp"
	signatureHeader = "X-Signature"
)

const (
	// signatureWindow is how far X-Timestamp may be ahead of or behind the verifier's clock, in seconds.
	signatureWindow = 60
	scalarSize      = 32 // a P-256 private key, in bytes
	pointSize       = 33 // a compressed P-256 point, in bytes
)

// Signer signs with the integrator's P-256 key, wherever that key is held. [PrivateKey] is the Signer for a key in
// memory, and [NewSigner] makes a Signer from a crypto.Signer. The modules signers/awskms, signers/gcpkms and
// signers/pkcs11 have Signers for AWS KMS, Google Cloud KMS and PKCS #11 tokens. For another key service implement the
// interface yourself and call [CheckSigner] when the program starts; docs/keys.md shows this for Vault and Azure.
//
// A Signer is called once for each attempt of each call. It must be safe for concurrent use, because many goroutines
// call it at the same time. The signature is valid for 60 seconds from the start of the attempt, so SignDigest must
// return soon and must not retry after ctx has ended.
type Signer interface {
	// PublicKey returns the compressed point of the key (SEC 1, section 2.3.3), 33 bytes. It must not block, and it
	// must always return the same key. A Signer whose key can change must implement [SignerSource] as well.
	PublicKey() []byte

	// SignDigest signs with ECDSA. digest is the SHA-256 of the message, 32 bytes. It must not be hashed again: of a
	// key service use the "digest" mode, with ECDSA and SHA-256. der is the signature in ASN.1 DER (SEC 1, section
	// C.8); low and high S are both accepted. ctx is the context of the attempt that is being signed.
	SignDigest(ctx context.Context, digest []byte) (der []byte, err error)
}

// NewSigner makes a Signer from a key that signs SHA-256 digests: one in an HSM, a key service or a PKCS #11 token, or
// an *ecdsa.PrivateKey, which is copied and signs deterministically like a [PrivateKey].
//
// The key must be on P-256. NewSigner makes one signature and verifies it, so that a key that does not belong to its
// Public fails here and not at the first call. A crypto.Signer takes no context: if yours waits for a network, wrap it
// in a Signer of your own that ends with the context.
func NewSigner(key crypto.Signer) (Signer, error) {
	if v := reflect.ValueOf(key); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errors.New("byzantine: new signer: the key is nil")
	}
	public, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("byzantine: new signer: the public half is a %T; an *ecdsa.PublicKey on P-256 is expected", key.Public())
	}
	point, err := compressPoint(public)
	if err != nil {
		return nil, fmt.Errorf("byzantine: new signer: %w", err)
	}
	if local, ok := key.(*ecdsa.PrivateKey); ok {
		return copyLocalKey(local, point)
	}

	signer := &cryptoSigner{point: point, sign: func(digest []byte) ([]byte, error) {
		return key.Sign(rand.Reader, digest, crypto.SHA256)
	}}
	if err := checkSigning(public, signer.sign); err != nil {
		return nil, fmt.Errorf("byzantine: new signer: %w", err)
	}
	return signer, nil
}

// copyLocalKey makes a PrivateKey from a key whose fields its owner could change later. point is the public key that
// the key claims to have.
func copyLocalKey(local *ecdsa.PrivateKey, point []byte) (Signer, error) {
	//lint:ignore SA1019 Bytes panics if D is nil, so D is checked before
	if local.D == nil {
		return nil, errors.New("byzantine: new signer: the key has no private half")
	}
	scalar, err := local.Bytes()
	if err != nil {
		return nil, errors.New("byzantine: new signer: the private half is no valid number")
	}
	key, err := keyFromScalar(scalar)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(key.PublicKey(), point) {
		return nil, errors.New("byzantine: new signer: the public half does not belong to the private half")
	}
	return key, nil
}

// cryptoSigner is a Signer made of a crypto.Signer. It keeps a function and not the key, so that a dump by reflection
// does not show the key.
type cryptoSigner struct {
	point []byte
	sign  func(digest []byte) ([]byte, error)
}

func (s *cryptoSigner) PublicKey() []byte { return bytes.Clone(s.point) }

func (s *cryptoSigner) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, errtext.In("byzantine", err)
	}
	der, err := s.sign(digest)
	return der, errtext.In("byzantine", err)
}

// RequestSignature holds the values of the three headers of a signed request.
type RequestSignature struct {
	// PublicKey is X-Pubkey: the compressed P-256 point, 66 lower-case hexadecimal digits after 0x.
	PublicKey string
	// Timestamp is X-Timestamp: Unix seconds, decimal.
	Timestamp string
	// Signature is X-Signature: ECDSA over SHA-256 in ASN.1 DER, lower-case hexadecimal after 0x.
	Signature string
}

// SignRequest signs one request and returns the values of its three headers. at is the time of signing; the API accepts
// the request within 60 seconds of it. method is in upper case. pathAndQuery is the path and query as they are sent,
// percent-encoding included, as URL.RequestURI of net/url returns them. body holds exactly the bytes that are sent, nil
// for none; it is read and neither copied nor kept.
//
// If s is a [SignerSource], its Signer method is called once and returns the Signer to use.
//
// The signed digest is the SHA-256 of timestamp, method, pathAndQuery and body, in this order with nothing between
// them.
//
// It returns an error if ctx or s is nil, if at is before 1970 or after 9999, if method is not all upper-case letters,
// if pathAndQuery does not begin with a slash or holds a space, a control character or "#", if the Signer has no
// compressed P-256 key, or if signing fails. The error of the Signer or SignerSource is wrapped.
func SignRequest(ctx context.Context, s Signer, at time.Time, method, pathAndQuery string, body []byte) (RequestSignature, error) {
	if ctx == nil || s == nil {
		return RequestSignature{}, errors.New("byzantine: sign request: the context or the signer is nil")
	}
	if source, ok := s.(SignerSource); ok {
		var err error
		if s, err = source.Signer(ctx); err == nil && s == nil {
			err = errors.New("the SignerSource returned no signer")
		}
		if err != nil {
			return RequestSignature{}, fmt.Errorf("byzantine: sign request: %w", errtext.Bare(err))
		}
	}
	publicKey, err := signerPublicKeyHex(s)
	if err != nil {
		return RequestSignature{}, fmt.Errorf("byzantine: sign request: %w", errtext.Bare(err))
	}
	if at.Unix() < 0 || at.Unix() > wire.LastSecond {
		return RequestSignature{}, errors.New("byzantine: sign request: the time is before 1970 or after 9999")
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	digest, err := requestDigest(timestamp, method, pathAndQuery, body)
	if err != nil {
		return RequestSignature{}, fmt.Errorf("byzantine: sign request: %w", errtext.Bare(err))
	}
	der, err := s.SignDigest(ctx, digest)
	if err != nil {
		return RequestSignature{}, fmt.Errorf("byzantine: sign request: %w", errtext.Bare(err))
	}
	if len(der) == 0 || len(der) > p256.MaxDERSize {
		return RequestSignature{}, fmt.Errorf("byzantine: sign request: %d bytes from the signer are no P-256 signature in DER", len(der))
	}
	return RequestSignature{PublicKey: publicKey, Timestamp: timestamp, Signature: hexWithPrefix(der)}, nil
}

// RequestSignatureFromHeader reads the signature from the headers of a received request. Each of the three headers must
// be present exactly once and must not be empty. The case of names does not matter, even if the map was written to
// directly. It does not check the values: [RequestSignature.Verify] does.
func RequestSignatureFromHeader(h http.Header) (RequestSignature, error) {
	var sig RequestSignature
	for _, want := range []struct {
		name  string
		value *string
	}{
		{pubkeyHeader, &sig.PublicKey},
		{timestampHeader, &sig.Timestamp},
		{signatureHeader, &sig.Signature},
	} {
		var found []string
		for key, values := range h {
			if http.CanonicalHeaderKey(key) == want.name {
				found = append(found, values...)
			}
		}
		switch {
		case len(found) == 0:
			return RequestSignature{}, fmt.Errorf("byzantine: request signature: %s is missing", want.name)
		case len(found) > 1:
			return RequestSignature{}, fmt.Errorf("byzantine: request signature: %s is there %d times", want.name, len(found))
		case found[0] == "":
			return RequestSignature{}, fmt.Errorf("byzantine: request signature: %s is empty", want.name)
		}
		*want.value = found[0]
	}
	return sig, nil
}

// Apply sets the three headers and replaces those that are there. Like http.Header.Set it panics if h is nil.
func (sig RequestSignature) Apply(h http.Header) {
	values := []string{sig.PublicKey, sig.Timestamp, sig.Signature} // one array for all three
	h[pubkeyHeader], h[timestampHeader], h[signatureHeader] = values[0:1:1], values[1:2:2], values[2:3:3]
}

// Verify checks a received request against a public key that the caller trusts for the sender, 33 bytes compressed. It
// is for gateways and tests. A nil error means that X-Pubkey is that key, that X-Timestamp is at most 60 seconds before
// or after now, that each value is in its one canonical form, and that the signature covers this method, path, query
// and body. High S is accepted, because the API's reference signers do not avoid it. The error names the check that
// failed; for the timestamp it says by how many seconds it is off.
//
// It does not remember signatures: the same request passes again within its 60 seconds. The signed string has no
// separator between the query and the body, so a gateway should reject a body on GET and DELETE, and a body that is not
// JSON on other methods.
func (sig RequestSignature) Verify(publicKey []byte, now time.Time, method, pathAndQuery string, body []byte) error {
	trusted, err := p256.ParseCompressed(publicKey)
	if err != nil {
		return fmt.Errorf("byzantine: request signature: the trusted key: %w", err)
	}
	return sig.VerifyWithKey(trusted, now, method, pathAndQuery, body)
}

// VerifyWithKey does the same as [RequestSignature.Verify] with a P-256 key that is already parsed. This saves a
// gateway a quarter of the work of each request.
func (sig RequestSignature) VerifyWithKey(trusted *ecdsa.PublicKey, now time.Time, method, pathAndQuery string, body []byte) error {
	publicKey, err := compressPoint(trusted)
	if err != nil {
		return fmt.Errorf("byzantine: request signature: the trusted key: %w", err)
	}
	if sig.PublicKey != hexWithPrefix(publicKey) {
		return fmt.Errorf("byzantine: request signature: %s is not the trusted key", pubkeyHeader)
	}
	if err := checkTimestamp(sig.Timestamp, now); err != nil {
		return fmt.Errorf("byzantine: request signature: %s %w", timestampHeader, err)
	}
	der, err := decodeSignature(sig.Signature)
	if err != nil {
		return fmt.Errorf("byzantine: request signature: %s %w", signatureHeader, err)
	}
	digest, err := requestDigest(sig.Timestamp, method, pathAndQuery, body)
	if err != nil {
		return fmt.Errorf("byzantine: request signature: %w", err)
	}
	if !ecdsa.VerifyASN1(trusted, digest, der) {
		return fmt.Errorf("byzantine: request signature: %s does not belong to this key, timestamp, method, path and body", signatureHeader)
	}
	return nil
}

// requestDigest returns the SHA-256 of the message that is signed. The checks keep its first parts distinguishable:
// digits, then letters, then a slash. The body is hashed without a copy, because it may be a document of several MiB.
func requestDigest(timestamp, method, pathAndQuery string, body []byte) ([]byte, error) {
	if method == "" || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return nil, errors.New("the method must be upper case letters")
	}
	if !strings.HasPrefix(pathAndQuery, "/") {
		return nil, errors.New("the path must begin with a slash")
	}
	for i := range len(pathAndQuery) {
		if c := pathAndQuery[i]; c <= ' ' || c == 0x7f || c == '#' {
			return nil, errors.New("the path must not hold a blank, a control character or '#'")
		}
	}
	head := make([]byte, 0, 512)
	head = append(head, timestamp...)
	head = append(head, method...)
	head = append(head, pathAndQuery...)
	hash := sha256.New()
	hash.Write(head)
	hash.Write(body)
	return hash.Sum(nil), nil
}

// signerPublicKeyHex returns the Signer's key in the form of X-Pubkey.
func signerPublicKeyHex(s Signer) (string, error) {
	if key, ok := s.(*PrivateKey); ok && key.PublicKeyHex() != "" {
		return key.PublicKeyHex(), nil // ready made
	}
	point := s.PublicKey()
	if !p256.IsCompressed(point) {
		return "", errors.New("the signer's public key is not a compressed P-256 point of 33 bytes")
	}
	return hexWithPrefix(point), nil
}

func checkTimestamp(value string, now time.Time) error {
	seconds, ok := wire.ParseSeconds(value)
	if !ok {
		return errors.New("is not a decimal number of Unix seconds")
	}
	switch age := now.Unix() - seconds; {
	case age > signatureWindow:
		return fmt.Errorf("is %d s old, more than %d s", age, signatureWindow)
	case age < -signatureWindow:
		return fmt.Errorf("is %d s in the future, more than %d s", -age, signatureWindow)
	}
	return nil
}

// decodeSignature accepts one spelling of each signature: lower-case hexadecimal of strict DER.
func decodeSignature(value string) ([]byte, error) {
	if len(value) > 2+2*p256.MaxDERSize {
		return nil, errors.New("is longer than a P-256 signature")
	}
	der, err := hex.DecodeString(strings.TrimPrefix(value, "0x"))
	if err != nil || hexWithPrefix(der) != value {
		return nil, errors.New("is not lower-case hexadecimal after 0x")
	}
	var numbers struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &numbers); err != nil {
		return nil, errors.New("is not an ASN.1 DER signature")
	}
	// Encoding it again finds what the decoder accepts: trailing data inside and after the sequence.
	if canonical, err := asn1.Marshal(numbers); err != nil || !bytes.Equal(canonical, der) {
		return nil, errors.New("is not strict ASN.1 DER")
	}
	return der, nil
}

// compressPoint encodes a P-256 public key in 33 bytes (SEC 1, section 2.3.3).
func compressPoint(key *ecdsa.PublicKey) ([]byte, error) {
	//lint:ignore SA1019 Bytes panics if X or Y is nil, so both are checked before
	if key == nil || key.X == nil || key.Y == nil {
		return nil, errors.New("the key has no public half")
	}
	if key.Curve != elliptic.P256() {
		return nil, errors.New("the key is not on the curve P-256")
	}
	point, err := key.Bytes() // 4, X, Y
	if err != nil {
		return nil, errors.New("the public half is not a point of the curve P-256")
	}
	yIsOdd := point[len(point)-1] & 1
	return append([]byte{2 + yIsOdd}, point[1:pointSize]...), nil
}

// hexWithPrefix returns 0x and lower-case digits. The buffer is large enough for every header value, so that it stays
// on the stack.
func hexWithPrefix(b []byte) string {
	buf := append(make([]byte, 0, 2+2*p256.MaxDERSize), "0x"...)
	return string(hex.AppendEncode(buf, b))
}
