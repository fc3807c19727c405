package webhook

import (
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/p256"
)

// Key is the public key of a subscription.
type Key struct {
	// ID is the subscription's activeSigningKeyId, which its deliveries carry in X-Byzantine-Webhook-Key-Id. A key
	// without an id is tried on every delivery that names no known key, and each such key adds a tenth of a millisecond
	// to the check of a forged delivery. So at most 16 different keys may have the same id, or none.
	ID string
	// PublicKey is the subscription's publicKey: a compressed P-256 point (SEC 1, section 2.3.3), 66 hexadecimal digits
	// with or without 0x in front.
	PublicKey string
}

// KeySource returns all current keys, for a [Verifier] of subscriptions that are created and deleted while it is used.
// [SubscriptionKeys] returns one that asks the API; a source of your own can read a database. The Verifier calls it
// when a delivery names a key id that none of the known keys has, unless a known key without an id verifies the
// delivery. It is called by one goroutine at a time and at most once in ten seconds, whatever a forger sends. The keys
// that it returns replace those that it returned before. So a key that the source does not return any more stays valid
// until the next call: if a subscription's key is compromised, make a new Verifier. If the source returns keys together
// with an error, the keys are used, and a delivery that names another key id fails with CheckKeySource: whether it is
// genuine is not known. The context ends after 5 seconds, and no delivery waits longer for the source.
type KeySource func(ctx context.Context) ([]Key, error)

const (
	sourceInterval = 10 * time.Second
	sourceTimeout  = 5 * time.Second // of the 10 seconds that the sender waits for the response
)

// maxSameID is how many keys may have the same id, or none. It is small because a forged delivery is verified with each
// of them.
const maxSameID = 16

// keySet has parsed keys by their ids. Those under "" have no id.
type keySet map[string][]*ecdsa.PublicKey

// with returns a new set with the keys of s and the given ones. A key that s already has under the same id is not added
// again. It is an error if a key is invalid or more than maxSameID keys have the same id.
func (s keySet) with(keys []Key) (keySet, error) {
	all := keySet{}
	maps.Copy(all, s)
	for i, k := range keys {
		point, err := parsePoint(k.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		same := all[k.ID]
		switch {
		case slices.ContainsFunc(same, func(other *ecdsa.PublicKey) bool { return other.Equal(point) }):
		case len(same) == maxSameID:
			return nil, fmt.Errorf("key %d: more than %d keys have the same id, or none", i+1, maxSameID)
		default:
			all[k.ID] = append(slices.Clip(same), point)
		}
	}
	return all, nil
}

// candidates returns the keys that may have signed a delivery with this key id: those with the id or, if there are
// none, those without an id. named is true if there are keys with the id.
func (s keySet) candidates(id string) (keys []*ecdsa.PublicKey, named bool) {
	if keys, named = s[id]; named {
		return keys, true
	}
	return s[""], false
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

// keyring holds the keys that were passed to NewVerifier and those that the source returned last.
type keyring struct {
	fixed   keySet
	source  KeySource // may be nil
	now     func() time.Time
	current atomic.Pointer[keySet] // the keys of fixed and those of the source

	turn  chan struct{} // holds a value while the source is called; it guards the fields below
	asked time.Time
	err   error // the error of the source's last call, or nil
}

// refresh returns the current keys if they are newer than seen, the keys that the caller has tried, and otherwise nil.
// It first waits while another goroutine calls the source. If the keys are still those in seen then, it calls the
// source itself and returns the keys of that call, unless the last call was less than sourceInterval ago; in that case
// it returns the error of the last call. If it returns keys together with an error, the source could not return all
// keys. refresh returns when ctx ends or after sourceTimeout, even if the source does not.
func (r *keyring) refresh(ctx context.Context, seen *keySet) (*keySet, error) {
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
	newer := r.current.Load()
	if newer == seen {
		if r.asked.IsZero() || now.Sub(r.asked).Abs() >= sourceInterval {
			r.asked = now
			return r.ask(ctx)
		}
		newer = nil
	}
	err := r.err
	<-r.turn
	return newer, err
}

// ask calls the source and returns the new keys. It frees the turn when the source has returned, even if the caller's
// ctx ends before: then other goroutines can use the result.
func (r *keyring) ask(ctx context.Context) (*keySet, error) {
	type response struct {
		keys *keySet
		err  error
	}
	responded := make(chan response, 1)
	go func() {
		defer func() { <-r.turn }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sourceTimeout)
		defer cancel()
		var all keySet
		keys, err := r.callSource(ctx)
		if err == nil || len(keys) > 0 {
			var invalid error
			if all, invalid = r.fixed.with(keys); invalid != nil {
				all, err = nil, invalid
			}
		}
		r.err = err
		if all == nil {
			responded <- response{err: err}
			return
		}
		r.current.Store(&all)
		responded <- response{&all, err}
	}()
	select {
	case a := <-responded:
		return a.keys, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// callSource calls the source and turns a panic into an error, because a panic in a goroutine of this package would end
// the process.
func (r *keyring) callSource(ctx context.Context) (keys []Key, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return r.source(ctx)
}
