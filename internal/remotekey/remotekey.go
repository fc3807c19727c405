// Package remotekey is what the signers of key services and tokens share: the check of the public key and of the first
// signature, the time that a signature may take, and the encoding of signatures.
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
	// SignTimeout is how long one signature may take, with all its tries. The API takes a request within 60 seconds of its
	// timestamp, which is older than the signature: half of that is left for the way and for clocks that differ.
	SignTimeout = 30 * time.Second
	// TryTimeout is how long a key service may take to respond to one try. A connection that was cut without a word costs
	// that much, and not the whole call.
	TryTimeout = 10 * time.Second

	maxTries   = 3
	digestSize = 32 // SHA-256
	rawSize    = 64 // r||s
)

// Config describes a key that another process or machine holds.
type Config struct {
	Name   string           // of the package, where errors begin
	Public crypto.PublicKey // as it was read from the service
	// Sign makes one signature of a SHA-256 digest, in ASN.1 DER or as r||s. Its errors say what to fix, without Name.
	Sign func(ctx context.Context, digest []byte) ([]byte, error)
	// TryTimeout bounds one call of Sign, which is repeated after it. Zero means that there is one try: for a token, where
	// a call cannot be given up.
	TryTimeout time.Duration
}

// Key signs with such a key. It is a byzantine.Signer.
type Key struct {
	config Config
	point  []byte
}

// New checks that the public key is on P-256, makes a signature and verifies it.
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

// unnamed is a Key whose errors do not begin with the name of the package.
type unnamed struct{ key *Key }

func (u unnamed) PublicKey() []byte { return u.key.point }

func (u unnamed) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	return u.key.sign(ctx, digest)
}

// PublicKey returns the compressed point, 33 bytes. The caller may change the slice.
func (k *Key) PublicKey() []byte { return bytes.Clone(k.point) }

// SignDigest signs a SHA-256 digest and returns ASN.1 DER.
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

// joined puts why the time ended before what the last try said.
func joined(reason, last error) error {
	if errors.Is(last, reason) {
		return last
	}
	return fmt.Errorf("%w (the last try: %w)", reason, last)
}

// tries reports with late that the last try ended with its time. Its end and that of ctx can be the same moment.
func (k *Key) tries(ctx context.Context, digest []byte) (signature []byte, late bool, err error) {
	for try := 1; ; try++ {
		signature, late, err = k.try(ctx, digest)
		if err == nil || try == maxTries || ctx.Err() != nil || !late && !isTransient(err) {
			return signature, late, err
		}
	}
}

// try reports with late that its time was over.
func (k *Key) try(ctx context.Context, digest []byte) (signature []byte, late bool, err error) {
	if k.config.TryTimeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, k.config.TryTimeout)
		defer stop()
	}
	signature, err = k.config.Sign(ctx, digest)
	return signature, err != nil && ctx.Err() != nil, err
}

// toDER returns a signature in DER. A signature of 64 bytes is taken for r||s and converted: fewer than one in 2^40
// signatures has that length in DER already.
func toDER(signature []byte) ([]byte, error) {
	if len(signature) == rawSize {
		return p256.SignatureFromRaw(signature)
	}
	return signature, nil
}

// transient is an error after which Sign is called again at once.
type transient struct{ error }

func (t transient) Unwrap() error { return t.error }

// Transient marks an error of Sign that has gone when Sign is called again, such as a damaged response.
func Transient(err error) error { return transient{err} }

func isTransient(err error) bool {
	_, ok := errors.AsType[transient](err)
	return ok
}
