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

// KeySource returns all current keys, for a [Verifier] whose subscriptions come and go. [SubscriptionKeys] asks the
// API; a source of your own can read a database. It is called when a delivery fits none of the known keys, by one
// goroutine at a time and at most once in ten seconds, whatever a forger sends. What it returns replaces what it
// returned before. Its context ends after 5 seconds, and no delivery waits longer for it.
type KeySource func(ctx context.Context) ([]Key, error)

const (
	sourceInterval = 10 * time.Second
	sourceTimeout  = 5 * time.Second // of the 10 that the sender waits
)

// maxSameID is how many keys may have the same id, or none. A forged delivery is verified with each of them.
const maxSameID = 16

// keySet is parsed keys by their ids; those under "" have none.
type keySet map[string][]*ecdsa.PublicKey

// with returns a set that has more keys as well. A key that is there already counts once.
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

// candidates returns the keys that a delivery with this key id may be signed by: the ones of that id, or else those
// without one. named says that it is the former.
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

// keyring holds the keys that NewVerifier got and those that the source returned last.
type keyring struct {
	fixed   keySet
	source  KeySource // may be nil
	now     func() time.Time
	current atomic.Pointer[keySet] // fixed and sourced

	turn  chan struct{} // holds a value while the source is asked; it guards what follows
	asked time.Time
	err   error // the source's last error
}

// refresh returns keys that are newer than those the caller saw, nil if there are none: from the source, or from
// another caller's question to it that this one waited for. It returns when ctx ends, and after sourceTimeout, whatever
// the source does.
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
		if err == nil {
			all, err = r.fixed.with(keys)
		}
		if r.err = err; err != nil {
			responded <- response{err: err}
			return
		}
		r.current.Store(&all)
		responded <- response{keys: &all}
	}()
	select {
	case a := <-responded:
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
