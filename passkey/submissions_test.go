package passkey_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// submissionsOf returns how many sign_payload_passkey requests the sandbox got.
func (s *saver) submissionsOf() (n int) {
	for _, request := range s.sandbox.Requests() {
		if request.OperationID == "sign_payload_passkey" {
			n++
		}
	}
	return n
}

// slow is a transport that takes a second before each request and a second after it.
type slow struct{ http.RoundTripper }

func (l slow) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(time.Second)
	response, err := l.RoundTripper.RoundTrip(r)
	time.Sleep(time.Second)
	return response, err
}

// Eight requests finish the same draft at the same time, with one Transactor or with one for each. One submits it, and
// the others get ErrSubmitted.
func TestConcurrentFinishesSubmitOnce(t *testing.T) {
	for name, one := range map[string]bool{"one transactor": true, "a transactor for each request": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSaver(t)
				shared := s.process(slow{byzantinetest.InProcess(s.sandbox)})
				session, response := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
				var wait sync.WaitGroup
				var submitted, rejected atomic.Int32
				for range 8 {
					transactor := shared
					if !one {
						transactor = &passkey.Transactor{Client: shared.Client, RelyingParty: relyingParty()}
					}
					wait.Go(func() {
						_, err := transactor.Finish(t.Context(), s.userID, take(t, session), response)
						switch {
						case err == nil:
							submitted.Add(1)
						case assert.ErrorIs(t, err, passkey.ErrSubmitted):
							rejected.Add(1)
							assert.False(t, passkey.NothingSent(err), "another call may have sent it")
						}
					})
				}
				wait.Wait()
				assert.EqualValues(t, 1, submitted.Load())
				assert.EqualValues(t, 7, rejected.Load())
				assert.Equal(t, 1, s.submissionsOf())
			})
		})
	}
}

func TestADraftAfterAnAttemptThatMayHaveBeenSent(t *testing.T) {
	for name, fault := range map[string]byzantinetest.Fault{
		"an unknown outcome": {Status: 502, TakesEffect: true},
		"a server's failure": {Status: 500},
		"a rejection":        {Status: 400},
		"a rejected key":     {Status: 401},
		"a redirect":         {Status: 302, Header: http.Header{"Location": {"https://example.com"}}},
		"too many requests":  {Status: 429},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSaver(t)
				session, response := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
				s.sandbox.Fail(byzantine.OpSignPayloadPasskey, 100, fault)
				_, err := s.transactor.Finish(t.Context(), s.userID, take(t, session), response)
				require.Error(t, err)
				require.False(t, passkey.NothingSent(err))
				sent := s.submissionsOf()
				require.Positive(t, sent)
				for range 3 {
					time.Sleep(time.Minute)
					_, err = s.transactor.Finish(t.Context(), s.userID, take(t, session), response)
					requireRejection(t, err, passkey.ErrSubmitted, "Draft")
				}
				assert.Equal(t, sent, s.submissionsOf())
				time.Sleep(10 * time.Minute)
				_, err = s.transactor.Finish(t.Context(), s.userID, take(t, session), response)
				requireRejection(t, err, passkey.ErrExpired, "SigningState.ExpiresAt")
			})
		})
	}
}

// A draft of which nothing was sent can be finished again.
func TestADraftAfterNothingWasSent(t *testing.T) {
	s := newSaver(t)
	session, response := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		_, err := s.transactor.Finish(over, s.userID, take(t, session), response)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
		assert.True(t, passkey.NothingSent(err))
	}
	invalid := take(t, session)
	invalid.Payload.TransactionID = "not a UUID"
	for range 2 {
		_, err := s.transactor.Finish(t.Context(), s.userID, invalid, response)
		var field *byzantine.FieldError
		require.ErrorAs(t, err, &field)
		assert.True(t, passkey.NothingSent(err))
	}
	s.requireNothingSubmitted()
	_, err := s.transactor.Finish(t.Context(), s.userID, take(t, session), response)
	require.NoError(t, err)
}

func TestNothingSent(t *testing.T) {
	for _, err := range []error{nil, errors.New("other"), &byzantine.Error{StatusCode: 400}, &byzantine.TransportError{Sent: true}, &passkey.Error{Kind: passkey.ErrSubmitted}} {
		assert.False(t, passkey.NothingSent(err), "%v", err)
	}
	for _, err := range []error{&byzantine.TransportError{Err: errors.New("no route")}, &byzantine.FieldError{}, &passkey.Error{Kind: passkey.ErrExpired}} {
		assert.True(t, passkey.NothingSent(err), "%v", err)
	}
}

// After a panic of the transport a draft counts as submitted, because the transport may have sent the request before.
func TestADraftAfterAPanic(t *testing.T) {
	s := newSaver(t)
	transactor := s.process(panics{})
	session, response := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
	assert.Panics(t, func() { _, _ = transactor.Finish(t.Context(), s.userID, take(t, session), response) })
	_, err := transactor.Finish(t.Context(), s.userID, take(t, session), response)
	requireRejection(t, err, passkey.ErrSubmitted, "Draft")
}

type panics struct{}

func (panics) RoundTrip(*http.Request) (*http.Response, error) { panic("in the transport") }
