package passkeytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"slices"
)

// Algorithm is a COSE algorithm identifier (IANA registry "COSE Algorithms").
type Algorithm int

// The algorithms that an [Authenticator] has.
const (
	AlgorithmES256 Algorithm = -7   // ECDSA on P-256 with SHA-256
	AlgorithmRS256 Algorithm = -257 // RSASSA-PKCS1-v1_5 with SHA-256, 2048 bits
)

// signingKey is the key pair of a credential.
type signingKey interface {
	algorithm() Algorithm
	cose() map[int]any // a COSE_Key (RFC 9053, section 7; RFC 8230, section 4)
	spki() ([]byte, error)
	// sign returns a signature of the authenticator data followed by the hash of the client data (W3C WebAuthn, section
	// 6.3.3).
	sign(authData, clientData []byte) ([]byte, error)
}

// newSigningKey makes a key pair from the bytes of random. It does not use the key generators of the standard library,
// because since Go 1.26 they ignore the reader that they get, and the same seed must give the same keys.
func newSigningKey(algorithm Algorithm, random io.Reader) (signingKey, error) {
	switch algorithm {
	case AlgorithmES256:
		return newES256Key(random)
	case AlgorithmRS256:
		return newRS256Key(random)
	}
	return nil, &DOMException{"NotSupportedError", fmt.Sprintf("the authenticator cannot make keys for algorithm %d", algorithm)}
}

type es256Key struct{ *ecdsa.PrivateKey }

func newES256Key(random io.Reader) (signingKey, error) {
	secret := make([]byte, 32)
	for {
		if _, err := io.ReadFull(random, secret); err != nil {
			return nil, fmt.Errorf("passkeytest: P-256 key: %w", err)
		}
		// About one of 2^32 secrets is 0 or not below the order of the curve; then the next one is tried.
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret); err == nil {
			return es256Key{key}, nil
		}
	}
}

func (k es256Key) algorithm() Algorithm { return AlgorithmES256 }

func (k es256Key) cose() map[int]any {
	point, err := k.PublicKey.Bytes() // 0x04, x, y
	if err != nil {
		panic(err) // fails only for curves other than P-256
	}
	return map[int]any{1: 2, 3: AlgorithmES256, -1: 1, -2: point[1:33], -3: point[33:]}
}

func (k es256Key) spki() ([]byte, error) { return x509.MarshalPKIXPublicKey(&k.PublicKey) }

func (k es256Key) sign(authData, clientData []byte) ([]byte, error) {
	// Without a reader the signature is deterministic (RFC 6979).
	return k.PrivateKey.Sign(nil, signedDigest(authData, clientData), crypto.SHA256)
}

type rs256Key struct{ *rsa.PrivateKey }

const (
	rsaBits     = 2048
	rsaExponent = 65537
)

func newRS256Key(random io.Reader) (signingKey, error) {
	p, err := newPrime(random)
	if err != nil {
		return nil, err
	}
	q, err := newPrime(random)
	if err != nil {
		return nil, err
	}
	one := big.NewInt(1)
	totient := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: rsaExponent},
		D:         new(big.Int).ModInverse(big.NewInt(rsaExponent), totient),
		Primes:    []*big.Int{p, q},
	}
	key.Precompute()
	if err := key.Validate(); err != nil {
		return nil, fmt.Errorf("passkeytest: RSA key: %w", err)
	}
	return rs256Key{key}, nil
}

// newPrime returns a random prime of half the key's size. Its two top bits are set, so that the product of two such
// primes has the full size.
func newPrime(random io.Reader) (*big.Int, error) {
	buf := make([]byte, rsaBits/2/8)
	for {
		if _, err := io.ReadFull(random, buf); err != nil {
			return nil, fmt.Errorf("passkeytest: RSA prime: %w", err)
		}
		buf[0] |= 0xc0
		buf[len(buf)-1] |= 1
		p := new(big.Int).SetBytes(buf)
		before := new(big.Int).Sub(p, big.NewInt(1))
		// p-1 must not be a multiple of the exponent, which is a prime, or the exponent has no inverse.
		if before.Mod(before, big.NewInt(rsaExponent)).Sign() != 0 && p.ProbablyPrime(20) {
			return p, nil
		}
	}
}

func (k rs256Key) algorithm() Algorithm { return AlgorithmRS256 }

func (k rs256Key) cose() map[int]any {
	return map[int]any{1: 3, 3: AlgorithmRS256, -1: k.N.Bytes(), -2: big.NewInt(int64(k.E)).Bytes()}
}

func (k rs256Key) spki() ([]byte, error) { return x509.MarshalPKIXPublicKey(&k.PublicKey) }

func (k rs256Key) sign(authData, clientData []byte) ([]byte, error) {
	return rsa.SignPKCS1v15(nil, k.PrivateKey, crypto.SHA256, signedDigest(authData, clientData))
}

func signedDigest(authData, clientData []byte) []byte {
	clientDataHash := sha256.Sum256(clientData)
	digest := sha256.Sum256(slices.Concat(authData, clientDataHash[:]))
	return digest[:]
}
