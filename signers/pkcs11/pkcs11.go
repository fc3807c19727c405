//go:build cgo

package pkcs11

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"sync"

	p11 "github.com/miekg/pkcs11"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/remotekey"
)

// Signer signs with one key of a token. It is safe for concurrent use. Close it when no client uses it any more.
type Signer struct {
	key    *remotekey.Key
	token  *token
	public *ecdsa.PublicKey
	places chan struct{} // holds a value for each signature in progress; its capacity is the number of sessions

	mu         sync.Mutex
	idle       []session
	generation int // generation of new sessions; it grows when sessions are lost
	closed     bool
}

var _ byzantine.Signer = (*Signer)(nil)

// session is an open session, with the handle that the key has in it.
type session struct {
	handle     p11.SessionHandle
	key        *tokenKey
	generation int
}

// ErrClosed is the error of a Signer after Close.
var ErrClosed = errors.New("pkcs11: the signer is closed")

// New loads the library at the path module, which the token's maker provides, finds the token, logs in, reads the
// public key, has the token make one signature with the key, and verifies it.
//
// It fails, with an error that names what to fix, if the library cannot be loaded, no token or more than one fits, the PIN is
// wrong, missing or locked, no key or more than one fits, or the key is not on P-256 or may not sign. Errors of the library
// are wrapped; they are values of github.com/miekg/pkcs11.Error. The PIN is in none of them.
//
// When ctx ends, New returns the error of ctx. A call of the library that is then in progress continues, and what it
// has opened is closed afterwards.
func New(ctx context.Context, module string, opts ...Option) (*Signer, error) {
	c, err := newConfig(module, opts)
	if err != nil {
		return nil, fmt.Errorf("pkcs11: %w", err)
	}
	s := &Signer{places: make(chan struct{}, c.maxSessions)}
	err = await(ctx, func() error { return s.open(c) }, func() { _ = s.Close() })
	if err != nil {
		return nil, fmt.Errorf("pkcs11: %w", err)
	}
	s.key, err = remotekey.New(ctx, remotekey.Config{Name: "pkcs11", Public: s.public, Sign: s.sign})
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// open loads the library and opens the first session. If it fails, it leaves nothing open.
func (s *Signer) open(c *config) error {
	library, err := openLibrary(c.module)
	if err != nil {
		return err
	}
	s.token = &token{library: library, config: c}
	first, err := s.newSession()
	if err != nil {
		library.release()
		return err
	}
	s.public, s.idle = first.key.public, []session{first}
	return nil
}

// PublicKey returns the compressed point of the key, 33 bytes, as [New] read it. The caller may change the slice.
func (s *Signer) PublicKey() []byte { return s.key.PublicKey() }

// SignDigest has the token sign a SHA-256 digest of 32 bytes and returns the signature in ASN.1 DER. It waits for a
// session if all sessions are busy (see [WithMaxSessions]), and returns after 30 seconds at most, or when ctx ends. Its
// errors name what to fix.
func (s *Signer) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	return s.key.SignDigest(ctx, digest)
}

// Close closes the sessions and releases the library. It does not wait for signatures in progress, which end as usual;
// later ones fail with [ErrClosed]. Calling it again does nothing.
func (s *Signer) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	for _, open := range idle {
		s.drop(open)
	}
	s.token.library.release()
	return nil
}

// sign makes a signature in the form r||s. It waits until fewer signatures are in progress than there may be sessions.
func (s *Signer) sign(ctx context.Context, digest []byte) ([]byte, error) {
	select {
	case s.places <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("all %d sessions are busy: %w", cap(s.places), ctx.Err())
	}
	if err := s.begin(); err != nil {
		<-s.places
		return nil, err
	}
	var signature []byte
	err := await(ctx, func() (err error) {
		defer func() { <-s.places }()
		defer s.token.library.release()
		signature, err = s.signNow(digest)
		return err
	}, func() {})
	if err != nil {
		return nil, err
	}
	return signature, nil
}

// begin keeps the library loaded for one signature, or returns ErrClosed.
func (s *Signer) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.token.library.retain()
	return nil
}

// signNow signs on an idle or a new session. If an idle session turns out to be lost, it signs on a new one instead.
func (s *Signer) signNow(digest []byte) ([]byte, error) {
	open, reused, err := s.take()
	if err != nil {
		return nil, err
	}
	signature, err := s.signOn(open, digest)
	if err != nil && reused && isLost(err) {
		s.dropGeneration(open.generation, err)
		if open, err = s.newSession(); err != nil {
			return nil, err
		}
		signature, err = s.signOn(open, digest)
	}
	if err != nil {
		return nil, err
	}
	s.put(open)
	return signature, nil
}

// signOn signs on a session. After an error it closes the session, because an operation may still be active in it.
func (s *Signer) signOn(open session, digest []byte) (signature []byte, err error) {
	defer func() {
		if err != nil && !isGone(err) {
			s.drop(open)
		}
	}()
	mechanism := []*p11.Mechanism{p11.NewMechanism(p11.CKM_ECDSA, nil)}
	if err := s.token.library.SignInit(open.handle, mechanism, open.key.handle); err != nil {
		return nil, explain("C_SignInit", err)
	}
	if open.key.alwaysAuthenticate {
		if err := s.token.confirm(open.handle); err != nil {
			return nil, err
		}
	}
	signature, err = s.token.library.Sign(open.handle, digest)
	if err != nil {
		return nil, explain("C_Sign", err)
	}
	return signature, nil
}

// take returns an idle session (reused is true) or a new one.
func (s *Signer) take() (open session, reused bool, err error) {
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		open, s.idle = s.idle[n-1], s.idle[:n-1]
		s.mu.Unlock()
		return open, true, nil
	}
	s.mu.Unlock()
	open, err = s.newSession()
	return open, false, err
}

// newSession opens a session and finds the key in it. It is an error if the key is not the one that New found.
func (s *Signer) newSession() (session, error) {
	s.mu.Lock()
	open := session{generation: s.generation}
	s.mu.Unlock()
	var err error
	if open.handle, err = s.token.session(); err != nil {
		return session{}, err
	}
	open.key, err = s.token.readKey(open.handle)
	if err == nil && s.public != nil && !s.public.Equal(open.key.public) {
		err = fmt.Errorf("the key with the %s is not the one that it was: make a new Signer once Byzantine knows its public half", s.token.config.key())
	}
	if err != nil {
		s.drop(open)
		return session{}, err
	}
	return open, nil
}

func (s *Signer) put(open session) {
	s.mu.Lock()
	if !s.closed {
		s.idle = append(s.idle, open)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	s.drop(open)
}

// dropGeneration is called when a session was lost with err. It drops the idle sessions that were opened since the last
// such loss (those of its generation), because they are probably lost too.
func (s *Signer) dropGeneration(generation int, err error) {
	s.mu.Lock()
	var old []session
	if generation == s.generation { // otherwise another caller has dropped them already
		s.generation++
		old, s.idle = s.idle, nil
	}
	s.mu.Unlock()
	if isGone(err) {
		return
	}
	for _, open := range old {
		s.drop(open)
	}
}

// drop closes a session.
func (s *Signer) drop(open session) { _ = s.token.library.CloseSession(open.handle) }

// await runs f, which cannot be interrupted, in a goroutine. It returns the error of f, or that of ctx if ctx ends
// before f does. In the latter case undo runs after f, if f succeeded.
func await(ctx context.Context, f func() error, undo func()) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		go func() {
			if <-done == nil {
				undo()
			}
		}()
		return ctx.Err()
	}
}
