package passkey_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
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

// A response that was rejected leaves the draft as it was: its own response can still finish it.
func TestADraftWaitsForItsOwnResponse(t *testing.T) {
	s := newSaver(t)
	_, late := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
	session, response := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
	forged := func(forge func(*forgedSignature)) []byte {
		f := takeSignatureApart(t, response)
		forge(f)
		return f.putTogether(t)
	}
	for name, c := range map[string]struct {
		response []byte
		kind     error
	}{
		"of a former draft":       {late, passkey.ErrChallenge},
		"no response":             {[]byte("{}"), passkey.ErrMalformed},
		"of another site":         {forged(func(f *forgedSignature) { f.clientData["origin"] = "https://evil.example" }), passkey.ErrOrigin},
		"of another passkey":      {forged(func(f *forgedSignature) { f.outer["id"], f.outer["rawId"] = "AAAA", "AAAA" }), passkey.ErrCredential},
		"with a forged signature": {forged(func(f *forgedSignature) { f.authData[atFlags] |= 0x10 | 0x08 }), passkey.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.transactor.Finish(t.Context(), s.userID, take(t, session), c.response)
			require.ErrorIs(t, err, c.kind)
			assert.True(t, passkey.NothingSent(err))
		})
	}
	s.requireNothingSubmitted()
	_, err := s.transactor.Finish(t.Context(), s.userID, take(t, session), response)
	require.NoError(t, err)
	assert.Equal(t, 1, s.submissionsOf())
}

// After ErrState and ErrExpired nothing was sent, but the user of the session cannot finish the draft any more, with
// no response.
func TestADraftThatCannotBeFinishedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSaver(t)
		session, response := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
		incomplete := take(t, session)
		incomplete.Allowed = nil
		never := func(userID string, draft *passkey.Draft, kind error) {
			t.Helper()
			for range 2 {
				_, err := s.transactor.Finish(t.Context(), userID, draft, response)
				require.ErrorIs(t, err, kind)
				assert.True(t, passkey.NothingSent(err))
			}
		}
		never(s.userID, nil, passkey.ErrState)
		never(s.userID, incomplete, passkey.ErrState)
		never("another user", take(t, session), passkey.ErrState)
		time.Sleep(time.Until(take(t, session).ExpiresAt) + time.Second)
		never(s.userID, take(t, session), passkey.ErrExpired)
		s.requireNothingSubmitted()
	})
}

// The bank of the example keeps a draft for its own response, and of two clicks at the same time one gets the draft.
func TestTheExamplesSession(t *testing.T) {
	s := newSaver(t)
	session := &customer{AccountID: s.accountID, UserID: s.userID}
	b := &bank{
		transactor: s.transactor,
		session:    func(*http.Request) *customer { return session },
		passkeys:   func(string) []passkey.Credential { return []passkey.Credential{s.passkey} },
	}
	post := func(handle http.HandlerFunc, contentType, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		handle(w, r)
		return w
	}
	sign := func() string {
		form := url.Values{"amount": {"1"}, "vault": {byzantinetest.VaultBaseUSDC}}.Encode()
		response, err := s.device.Get(post(b.beginDeposit, "application/x-www-form-urlencoded", form).Body.Bytes())
		require.NoError(t, err)
		return string(response)
	}
	first, second := sign(), sign()
	assert.Equal(t, http.StatusBadRequest, post(b.finishDeposit, "application/json", first).Code)
	statuses := make(chan int, 2)
	for range 2 {
		go func() { statuses <- post(b.finishDeposit, "application/json", second).Code }()
	}
	assert.ElementsMatch(t, []int{http.StatusOK, http.StatusConflict}, []int{<-statuses, <-statuses})
	assert.Equal(t, 1, s.submissionsOf())
	assert.Nil(t, session.takeDraft())
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
