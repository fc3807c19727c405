// Package remotekey has what the signers for key services and tokens share: the check of the public key and of a first
// signature, retries and timeouts, and the encoding of signatures.
package remotekey

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/p256"
)

const (
	// SignTimeout is how long one signature may take, with all its tries. The API accepts a request within 60 seconds
	// of its timestamp, which is set before signing. So at least 30 seconds are left for the way to the API and for
	// clocks that differ.
	SignTimeout = 30 * time.Second
	// TryTimeout is how long a key service may take to respond to one try. If a connection has failed without notice,
	// this try fails, and the next one can still succeed within SignTimeout.
	TryTimeout = 10 * time.Second

	maxTries   = 3
	digestSize = 32 // SHA-256
	rawSize    = 64 // r||s
)

// Config describes a key that another process or machine holds.
type Config struct {
	Name   string           // name of the signer's package, with which its errors begin
	Public crypto.PublicKey // the public key that was read from the service or token
	// Sign signs a SHA-256 digest and returns the signature in ASN.1 DER or as r||s. Its errors say what to fix, and do
	// not begin with Name.
	Sign func(ctx context.Context, digest []byte) ([]byte, error)
	// TryTimeout is how long one call of Sign may take. If it takes longer, Sign is called again, at most three times
	// in all. Zero means one try without this limit: for a token, in which a call cannot be ended.
	TryTimeout time.Duration
}

// Key is a byzantine.Signer with a key that another process or machine holds, see Config.
type Key struct {
	config Config
	point  []byte
}

// New returns a Key after checking that the public key is on P-256 and that it verifies a first signature.
func New(ctx context.Context, c Config) (*Key, error) {
	public, ok := c.Public.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s: the public key is a %T; a key on P-256 is needed", c.Name, c.Public)
	}
	point, err := byzantine.CompressPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, errtext.Bare(err))
	}
	k := &Key{c, point}
	if err := byzantine.CheckSigner(ctx, unnamed{k}); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, errtext.Bare(err))
	}
	return k, nil
}

// unnamed is the Key as New passes it to byzantine.CheckSigner: its errors do not begin with Config.Name, because New
// adds that itself.
type unnamed struct{ key *Key }

func (u unnamed) PublicKey() []byte { return u.key.point }

func (u unnamed) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	return u.key.sign(ctx, digest)
}

// PublicKey returns the compressed point, 33 bytes. The caller may change the slice.
func (k *Key) PublicKey() []byte { return bytes.Clone(k.point) }

// SignDigest signs a SHA-256 digest of 32 bytes and returns the signature in ASN.1 DER. It takes SignTimeout at most,
// and less if ctx ends.
func (k *Key) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	der, err := k.sign(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.config.Name, errtext.Bare(err))
	}
	return der, nil
}

func (k *Key) sign(parent context.Context, digest []byte) ([]byte, error) {
	if len(digest) != digestSize {
		return nil, fmt.Errorf("the digest has %d bytes; a SHA-256 digest has %d", len(digest), digestSize)
	}
	if err := parent.Err(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(parent, SignTimeout)
	defer stop()
	started := time.Now()
	signature, late, err := k.tries(ctx, digest)
	switch {
	case err == nil:
		return toDER(signature)
	case parent.Err() != nil:
		return nil, joined(parent.Err(), err)
	case late || ctx.Err() != nil:
		waited := time.Since(started).Round(time.Second)
		return nil, joined(fmt.Errorf("no signature within %s, and a request is valid for 60s: %w", waited, context.DeadlineExceeded), err)
	}
	return nil, err
}

// joined returns an error that wraps reason, why the time is over, and last, the error of the last try; or only last if
// that wraps reason already.
func joined(reason, last error) error {
	if errors.Is(last, reason) {
		return last
	}
	return fmt.Errorf("%w (the last try: %w)", reason, last)
}

// tries calls try until it succeeds, at most maxTries times and only after a timeout or a transient error. late reports
// that the last try failed after its context had ended, by TryTimeout or with ctx.
func (k *Key) tries(ctx context.Context, digest []byte) (signature []byte, late bool, err error) {
	for try := 1; ; try++ {
		signature, late, err = k.try(ctx, digest)
		if err == nil || try == maxTries || ctx.Err() != nil || !late && !isTransient(err) {
			return signature, late, err
		}
	}
}

// try calls Sign once. late reports that it failed after its context had ended.
func (k *Key) try(ctx context.Context, digest []byte) (signature []byte, late bool, err error) {
	if k.config.TryTimeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, k.config.TryTimeout)
		defer stop()
	}
	signature, err = k.config.Sign(ctx, digest)
	return signature, err != nil && ctx.Err() != nil, err
}

// toDER returns a signature in DER. A signature of 64 bytes is treated as r||s and converted: fewer than one in 2^40
// signatures in DER have that length.
func toDER(signature []byte) ([]byte, error) {
	if len(signature) == rawSize {
		return p256.SignatureFromRaw(signature)
	}
	return signature, nil
}

// transient is an error of Sign after which Sign is called again at once.
type transient struct{ error }

func (t transient) Unwrap() error { return t.error }

// Transient marks an error of Sign that another call may not have, such as a damaged response. Sign is then called
// again at once.
func Transient(err error) error { return transient{err} }

func isTransient(err error) bool {
	_, ok := errors.AsType[transient](err)
	return ok
}
