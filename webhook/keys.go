package webhook

import (
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/p256"
)

// Key is the public key of a subscription.
type Key struct {
	// ID is the subscription's activeSigningKeyId, which its deliveries carry in X-Byzantine-Webhook-Key-Id. A key
	// without an id is tried on deliveries that name no known key.
	ID string
	// PublicKey is the subscription's publicKey: a compressed P-256 point (SEC 1, section 2.3.3), 66 hexadecimal digits
	// with or without 0x in front.
	PublicKey string
}

// KeySource returns all current keys, for a [Verifier] whose subscriptions come and go. [SubscriptionKeys] asks the API;
// a source of your own can read a database. It is called when a delivery fits none of the known keys, by one goroutine at
// a time and at most once in ten seconds, whatever a forger sends. What it returns replaces what it returned before. Its
// context ends after 5 seconds, and no delivery waits longer for it.
type KeySource func(ctx context.Context) ([]Key, error)

const (
	sourceInterval = 10 * time.Second
	sourceTimeout  = 5 * time.Second // of the 10 that the sender waits
)

// publicKey is a parsed Key.
type publicKey struct {
	id string
	*ecdsa.PublicKey
}

func parseKeys(keys []Key) ([]publicKey, error) {
	parsed := make([]publicKey, len(keys))
	for i, k := range keys {
		point, err := parsePoint(k.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		parsed[i] = publicKey{k.ID, point}
	}
	return parsed, nil
}

func parsePoint(text string) (*ecdsa.PublicKey, error) {
	compressed, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		return nil, errors.New("the public key is not hexadecimal")
	}
	key, err := p256.ParseCompressed(compressed)
	if err != nil {
		return nil, fmt.Errorf("the public key: %w", err)
	}
	return key, nil
}

// keyring holds the keys that NewVerifier got and those that the source returned last.
type keyring struct {
	fixed   []publicKey
	source  KeySource // may be nil
	now     func() time.Time
	current atomic.Pointer[[]publicKey] // fixed and sourced

	turn  chan struct{} // holds a value while the source is asked; it guards what follows
	asked time.Time
	err   error // the source's last error
}

// keysFor returns those that a delivery with this key id may be signed by: the ones of that id, or else those without
// one. named says that it is the former.
func keysFor(id string, keys []publicKey) (candidates []publicKey, named bool) {
	var unnamed []publicKey
	for _, k := range keys {
		switch k.id {
		case id:
			candidates = append(candidates, k)
		case "":
			unnamed = append(unnamed, k)
		}
	}
	if candidates != nil {
		return candidates, true
	}
	return unnamed, false
}

// refresh returns keys that are newer than those the caller saw, nil if there are none: from the source, or from another
// caller's question to it that this one waited for. It returns when ctx ends, and after sourceTimeout, whatever the source
// does.
func (r *keyring) refresh(ctx context.Context, seen *[]publicKey) (*[]publicKey, error) {
	if r.source == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, sourceTimeout)
	defer cancel()
	// A channel instead of a mutex, so that a caller stops waiting when its own context ends.
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := r.now()
	newer, err := r.current.Load(), r.err
	if newer != seen {
		err = nil
	} else if newer = nil; r.asked.IsZero() || now.Sub(r.asked).Abs() >= sourceInterval {
		r.asked = now
		return r.ask(ctx)
	}
	<-r.turn
	return newer, err
}

// ask asks the source. It holds the turn until the source returns, even if this caller's context ends before: others
// wait for the response.
func (r *keyring) ask(ctx context.Context) (*[]publicKey, error) {
	type answer struct {
		keys *[]publicKey
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		defer func() { <-r.turn }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sourceTimeout)
		defer cancel()
		var parsed []publicKey
		keys, err := r.callSource(ctx)
		if err == nil {
			parsed, err = parseKeys(keys)
		}
		if r.err = err; err != nil {
			answered <- answer{err: err}
			return
		}
		all := slices.Concat(r.fixed, parsed)
		r.current.Store(&all)
		answered <- answer{keys: &all}
	}()
	select {
	case a := <-answered:
		return a.keys, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// callSource turns a panic into an error: in a goroutine of its own it would end the process.
func (r *keyring) callSource(ctx context.Context) (keys []Key, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return r.source(ctx)
}
