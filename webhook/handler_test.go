package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/webhook"
)

// receiver is a handler, the key of its deliveries, and what it has logged.
type receiver struct {
	t   testing.TB
	key signingKey
	http.Handler
	log *bytes.Buffer
}

// newReceiver returns a receiver whose store is the one given, or else a MemoryStore of its own.
func newReceiver(t testing.TB, fn webhook.Func, stores ...webhook.Store) *receiver {
	t.Helper()
	store := append(stores, nil)[0]
	r := &receiver{t: t, key: newSigningKey(t), log: new(bytes.Buffer)}
	logger := slog.New(slog.NewTextHandler(r.log, nil))
	r.Handler = &webhook.Handler{Verifier: newVerifier(t, r.key), Handle: fn, Store: store, Logger: logger}
	return r
}

func (r *receiver) request(body []byte) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/webhooks", bytes.NewReader(body))
	request.Header = r.key.sign(r.t, testIDs, time.Now(), body)
	return request
}

func (r *receiver) serve(request *http.Request) *httptest.ResponseRecorder {
	response := httptest.NewRecorder()
	r.ServeHTTP(response, request)
	return response
}

// deliver sends a delivery of customerBody and returns the status of the response.
func (r *receiver) deliver() int { return r.serve(r.request(customerBody)).Code }

func ignore(context.Context, *webhook.Delivery) error { return nil }

func TestHandlerHandlesADeliveryOnce(t *testing.T) {
	calls := 0
	r := newReceiver(t, func(ctx context.Context, d *webhook.Delivery) error {
		calls++
		assert.Equal(t, testIDs.Delivery, d.ID)
		assert.Equal(t, testIDs.Event, d.EventID)
		assert.Equal(t, customerBody, d.Body)
		claim, ok := webhook.ClaimFrom(ctx)
		assert.True(t, ok)
		assert.Equal(t, testIDs.Event, claim.Key)
		assert.Positive(t, claim.Token)
		return nil
	})
	response := r.serve(r.request(customerBody))
	assert.Equal(t, http.StatusNoContent, response.Code)
	assert.Empty(t, response.Body.String())
	assert.Equal(t, http.StatusNoContent, r.deliver(), "a duplicate is as good as handled")
	assert.Equal(t, 1, calls)
	assert.Contains(t, r.log.String(), "type=customer.resubmission_requested")
	assert.NotContains(t, r.log.String(), "ada@example.com")
}

func TestHandlerRejectsRequestsThatAreNoDelivery(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"a GET":               {func(q *http.Request) { q.Method = http.MethodGet }, 405},
		"a form":              {func(q *http.Request) { q.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 204},
		"a type of no form":   {func(q *http.Request) { q.Header.Set("Content-Type", ";;") }, 204},
		"plain text":          {func(q *http.Request) { q.Header.Set("Content-Type", "text/plain") }, 204},
		"bytes":               {func(q *http.Request) { q.Header.Set("Content-Type", "application/octet-stream") }, 204},
		"half a parameter":    {func(q *http.Request) { q.Header.Set("Content-Type", "application/json; charset") }, 204},
		"a list of types":     {func(q *http.Request) { q.Header.Set("Content-Type", "application/json, application/json") }, 204},
		"a compressed body":   {func(q *http.Request) { q.Header.Set("Content-Encoding", "gzip") }, 415},
		"a list of codings":   {func(q *http.Request) { q.Header.Set("Content-Encoding", "identity, br") }, 415},
		"identity":            {func(q *http.Request) { q.Header.Set("Content-Encoding", "Identity") }, 204},
		"identity, twice":     {func(q *http.Request) { q.Header["Content-Encoding"] = []string{"identity", " IDENTITY ,"} }, 204},
		"no body":             {func(q *http.Request) { q.Body = nil }, 401},
		"an empty body":       {func(q *http.Request) { q.Body = http.NoBody }, 401},
		"too much":            {func(q *http.Request) { q.Body = io.NopCloser(strings.NewReader(strings.Repeat(" ", 1<<20+1))) }, 413},
		"a body cut short":    {func(q *http.Request) { q.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), brokenReader{})) }, 400},
		"no headers":          {func(q *http.Request) { q.Header = http.Header{} }, 400},
		"another algorithm":   {func(q *http.Request) { q.Header.Set(webhook.HeaderAlgorithm, "none") }, 400},
		"an old one":          {func(q *http.Request) { q.Header.Set(webhook.HeaderTimestamp, "1788430272") }, 401},
		"an unknown key":      {func(q *http.Request) { q.Header.Set(webhook.HeaderKeyID, "x") }, 401},
		"a forged one":        {func(q *http.Request) { q.Header.Set(webhook.HeaderDeliveryID, testIDs.Key) }, 401},
		"a forged body":       {func(q *http.Request) { q.Body = io.NopCloser(strings.NewReader("{}")) }, 401},
		"JSON with a charset": {func(q *http.Request) { q.Header.Set("Content-Type", "application/json; charset=utf-8") }, 204},
		"another JSON":        {func(q *http.Request) { q.Header.Set("Content-Type", "application/vnd.byzantine+json") }, 204},
		"no content type":     {func(q *http.Request) { q.Header.Del("Content-Type") }, 204},
	} {
		t.Run(name, func(t *testing.T) {
			called := false
			r := newReceiver(t, func(context.Context, *webhook.Delivery) error { called = true; return nil })
			request := r.request(customerBody)
			c.change(request)
			response := r.serve(request)
			assert.Equal(t, c.want, response.Code)
			assert.Equal(t, c.want == 204, called)
			if c.want == 405 {
				assert.Equal(t, "POST", response.Header().Get("Allow"))
			}
			assert.NotContains(t, r.log.String(), "ada@example.com")
		})
	}
}

// A request that is rejected because of its headers is rejected before a byte of its body is read.
func TestBodyOfARejectedRequestIsNotRead(t *testing.T) {
	for name, change := range map[string]func(http.Header){
		"no headers":        func(h http.Header) { clear(h) },
		"another algorithm": func(h http.Header) { h.Set(webhook.HeaderAlgorithm, "none") },
		"an old one":        func(h http.Header) { h.Set(webhook.HeaderTimestamp, "1788430272") },
		"a compressed body": func(h http.Header) { h.Set("Content-Encoding", "gzip") },
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, ignore)
			request := r.request(customerBody)
			change(request.Header)
			request.Body = io.NopCloser(unreadable{t})
			assert.GreaterOrEqual(t, r.serve(request).Code, 400)
		})
	}
}

type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// A genuine delivery of an event that cannot be identified gets a 422, is logged as an error, and is not handled.
func TestEventThatCannotBeIdentifiedIsReportedAndNotHandled(t *testing.T) {
	for name, body := range map[string]string{
		"no id":       `{"type":"x"}`,
		"an odd id":   `{"id":7,"type":"x"}`,
		"no object":   `[]`,
		"no JSON":     `<html>`,
		"none":        `{"id":"` + testIDs.Event + `"}`,
		"empty":       `{"id":"` + testIDs.Event + `","type":"","eventType":""}`,
		"null":        `{"id":"` + testIDs.Event + `","type":null}`,
		"not a text":  `{"id":"` + testIDs.Event + `","type":7}`,
		"a second id": `{"id":"` + testIDs.Event + `","type":"x","id":"` + testIDs.Key + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			store := new(webhook.MemoryStore)
			r := newReceiver(t, func(context.Context, *webhook.Delivery) error { t.Error("called"); return nil }, store)
			assert.Equal(t, http.StatusUnprocessableEntity, r.serve(r.request([]byte(body))).Code, r.log.String())
			assert.Contains(t, r.log.String(), "level=ERROR")
			assert.Contains(t, r.log.String(), "event_id="+testIDs.Event)
			_, err := store.Begin(t.Context(), testIDs.Event, time.Minute)
			require.NoError(t, err, "nobody has handled it")
		})
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestHandlerResponsesByItsVerifier(t *testing.T) {
	key := newSigningKey(t)
	send := func(opts ...webhook.VerifierOption) int {
		sandboxEvent := []byte(`{"id":"` + testIDs.Event + `","type":"x","livemode":false}`)
		v, err := webhook.NewVerifier(nil, opts...)
		require.NoError(t, err)
		request := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(sandboxEvent))
		request.Header = key.sign(t, testIDs, time.Now(), sandboxEvent)
		response := httptest.NewRecorder()
		handler := &webhook.Handler{Verifier: v, Handle: ignore, Logger: slog.New(slog.DiscardHandler)}
		handler.ServeHTTP(response, request)
		return response.Code
	}
	source := webhook.WithKeySource(func(context.Context) ([]webhook.Key, error) { return []webhook.Key{key.named("")}, nil })
	assert.Equal(t, http.StatusNoContent, send(source))
	assert.Equal(t, http.StatusForbidden, send(source, webhook.WithLivemodeOnly()))
	broken := webhook.WithKeySource(func(context.Context) ([]webhook.Key, error) { return nil, errors.New("away") })
	assert.Equal(t, http.StatusServiceUnavailable, send(broken))
}

func TestFailedCallbackIsCalledAgain(t *testing.T) {
	for name, fail := range map[string]webhook.Func{
		"an error":                  func(context.Context, *webhook.Delivery) error { return errors.New("no luck today") },
		"an error of the store":     func(context.Context, *webhook.Delivery) error { return fmt.Errorf("inner: %w", webhook.ErrHandled) },
		"a panic":                   func(context.Context, *webhook.Delivery) error { panic("no luck today") },
		"a nil dereference":         func(context.Context, *webhook.Delivery) error { var p *webhook.Event; _ = p.ID; return nil },
		"the end of its goroutine":  func(context.Context, *webhook.Delivery) error { runtime.Goexit(); return nil },
		"a panic of package http's": func(context.Context, *webhook.Delivery) error { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			r := newReceiver(t, func(ctx context.Context, d *webhook.Delivery) error {
				if calls++; calls == 1 {
					return fail(ctx, d)
				}
				return nil
			})
			response := r.serve(r.request(customerBody))
			assert.Equal(t, http.StatusInternalServerError, response.Code)
			assert.NotContains(t, response.Body.String(), "luck", "the sender need not know")
			assert.Equal(t, http.StatusNoContent, r.deliver(), "at once, not after the lease")
			assert.Equal(t, http.StatusNoContent, r.deliver())
			assert.Equal(t, 2, calls)
		})
	}
}

func TestPanicIsLoggedWithItsPlace(t *testing.T) {
	r := newReceiver(t, func(context.Context, *webhook.Delivery) error { panic("no luck today") })
	r.deliver()
	assert.Contains(t, r.log.String(), "no luck today")
	assert.Contains(t, r.log.String(), "handler_test.go")
}

func TestSecondDeliveryDuringTheFirstIsSentAway(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	var calls atomic.Int32
	r := newReceiver(t, func(context.Context, *webhook.Delivery) error {
		calls.Add(1)
		entered <- true
		<-leave
		return nil
	})
	first := make(chan int)
	go func() { first <- r.deliver() }()
	<-entered
	assert.Equal(t, http.StatusConflict, r.deliver(), "nobody knows yet whether it will be handled")
	close(leave)
	assert.Equal(t, http.StatusNoContent, <-first)
	assert.Equal(t, http.StatusNoContent, r.deliver())
	assert.EqualValues(t, 1, calls.Load())
}

// The sender waits for 10 seconds. A callback that heeds its context has returned by then; for one that does not, the
// Handler responds without waiting for it.
func TestSlowCallbacksAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		fn    webhook.Func
		want  int
		after time.Duration
	}{
		"one that minds its context": {func(ctx context.Context, _ *webhook.Delivery) error { <-ctx.Done(); return ctx.Err() }, 500, 8 * time.Second},
		"one that does not":          {func(context.Context, *webhook.Delivery) error { time.Sleep(15 * time.Second); return nil }, 503, 9 * time.Second},
		"one in time":                {func(context.Context, *webhook.Delivery) error { time.Sleep(7 * time.Second); return nil }, 204, 7 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newReceiver(t, c.fn)
				start := time.Now()
				assert.Equal(t, c.want, r.deliver())
				assert.Equal(t, c.after, time.Since(start))
				time.Sleep(time.Minute) // until the callback has returned
			})
		})
	}
}

// Success counts if the callback returns after the response was sent, but before the sender retries 30 seconds later.
func TestSuccessAfterTheResponseCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		r := newReceiver(t, func(context.Context, *webhook.Delivery) error {
			calls++
			time.Sleep(15 * time.Second)
			return nil
		})
		assert.Equal(t, http.StatusServiceUnavailable, r.deliver())
		assert.Equal(t, http.StatusConflict, r.deliver())
		time.Sleep(30 * time.Second)
		assert.Equal(t, http.StatusNoContent, r.deliver())
		assert.Equal(t, 1, calls)
	})
}

// A callback still runs when its lease ends, so the next delivery has the event handled again. Whatever the first
// callback returns then, the record belongs to the second one.
func TestStragglerCannotRecordAnything(t *testing.T) {
	for name, outcome := range map[string]error{"by success": nil, "by failure": errors.New("at last")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tokens := make(chan int64, 2)
				r := newReceiver(t, func(ctx context.Context, _ *webhook.Delivery) error {
					claim, _ := webhook.ClaimFrom(ctx)
					tokens <- claim.Token
					if len(tokens) == 1 {
						time.Sleep(25 * time.Second)
						return outcome
					}
					time.Sleep(7 * time.Second)
					return nil
				})
				assert.Equal(t, http.StatusServiceUnavailable, r.deliver())
				time.Sleep(12 * time.Second) // 21 s after the first one began: its lease is over
				second := make(chan int, 1)
				go func() { second <- r.deliver() }()
				time.Sleep(5 * time.Second) // 26 s: the first one has returned
				assert.Equal(t, http.StatusConflict, r.deliver(), "the second one is at it")
				assert.Equal(t, http.StatusNoContent, <-second)
				assert.Equal(t, http.StatusNoContent, r.deliver())
				require.Len(t, tokens, 2)
				assert.Less(t, <-tokens, <-tokens, "so that others can tell the straggler")
			})
		})
	}
}

// A callback is not canceled when the sender closes the connection.
func TestCallbackOutlivesAnImpatientSender(t *testing.T) {
	type traceKey struct{}
	ctx, hangUp := context.WithCancel(context.WithValue(t.Context(), traceKey{}, "trace"))
	calls := 0
	r := newReceiver(t, func(ctx context.Context, _ *webhook.Delivery) error {
		calls++
		hangUp()
		assert.NoError(t, ctx.Err())
		assert.Equal(t, "trace", ctx.Value(traceKey{}))
		return nil
	})
	r.serve(r.request(customerBody).WithContext(ctx))
	assert.Equal(t, http.StatusNoContent, r.deliver())
	assert.Equal(t, 1, calls)
}

// flakyStore is a store whose calls fail as often as the test says.
type flakyStore struct {
	webhook.Store
	begin, done, forget atomic.Int32 // how many more calls of each fail
}

var errAway = errors.New("the store is away")

func fail(n *atomic.Int32) bool { return n.Add(-1) >= 0 }

func (s *flakyStore) Begin(ctx context.Context, key string, lease time.Duration) (webhook.Claim, error) {
	if fail(&s.begin) {
		return webhook.Claim{}, errAway
	}
	return s.Store.Begin(ctx, key, lease)
}

func (s *flakyStore) Done(ctx context.Context, c webhook.Claim) error {
	if fail(&s.done) {
		return errAway
	}
	return s.Store.Done(ctx, c)
}

func (s *flakyStore) Forget(ctx context.Context, c webhook.Claim) error {
	if fail(&s.forget) {
		return errAway
	}
	return s.Store.Forget(ctx, c)
}

func TestWithoutTheStoreNothingIsHandled(t *testing.T) {
	calls := 0
	store := &flakyStore{Store: new(webhook.MemoryStore)}
	store.begin.Store(1)
	r := newReceiver(t, func(context.Context, *webhook.Delivery) error { calls++; return nil }, store)
	assert.Equal(t, http.StatusServiceUnavailable, r.deliver())
	assert.Zero(t, calls)
	assert.Equal(t, http.StatusNoContent, r.deliver())
	assert.Equal(t, 1, calls)
}

func TestSuccessIsRecordedWithPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		store := &flakyStore{Store: new(webhook.MemoryStore)}
		store.done.Store(3)
		r := newReceiver(t, func(context.Context, *webhook.Delivery) error { calls++; return nil }, store)
		assert.Equal(t, http.StatusNoContent, r.deliver())
		assert.Equal(t, http.StatusNoContent, r.deliver())
		assert.Equal(t, 1, calls)
	})
}

// If Done fails until the response must be sent, the event is handled again after its lease: at least once.
func TestSuccessThatCannotBeRecordedIsNoSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		store := &flakyStore{Store: new(webhook.MemoryStore)}
		store.done.Store(1000)
		r := newReceiver(t, func(context.Context, *webhook.Delivery) error { calls++; return nil }, store)
		assert.Equal(t, http.StatusServiceUnavailable, r.deliver())
		time.Sleep(10 * time.Second)
		store.done.Store(0)
		assert.Equal(t, http.StatusConflict, r.deliver(), "the lease is not over")
		time.Sleep(15 * time.Second)
		assert.Equal(t, http.StatusNoContent, r.deliver())
		assert.Equal(t, 2, calls)
	})
}

func TestFailureThatCannotBeRecordedEndsWithTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		store := &flakyStore{Store: new(webhook.MemoryStore)}
		store.forget.Store(1)
		r := newReceiver(t, func(context.Context, *webhook.Delivery) error {
			if calls++; calls == 1 {
				return errors.New("not today")
			}
			return nil
		}, store)
		assert.Equal(t, http.StatusInternalServerError, r.deliver())
		assert.Equal(t, http.StatusConflict, r.deliver())
		time.Sleep(30 * time.Second) // until the sender retries
		assert.Equal(t, http.StatusNoContent, r.deliver())
	})
}

func TestHandlerWithAnInvalidFieldSaysSo(t *testing.T) {
	key := newSigningKey(t)
	for field, change := range map[string]func(*webhook.Handler){
		"Verifier":     func(h *webhook.Handler) { h.Verifier = nil },
		"Handle":       func(h *webhook.Handler) { h.Handle = nil },
		"Timeout":      func(h *webhook.Handler) { h.Timeout = -1 },
		"MaxBodyBytes": func(h *webhook.Handler) { h.MaxBodyBytes = -1 },
	} {
		t.Run(field, func(t *testing.T) {
			var log bytes.Buffer
			h := &webhook.Handler{Verifier: newVerifier(t, key), Logger: slog.New(slog.NewTextHandler(&log, nil)),
				Handle: func(context.Context, *webhook.Delivery) error { t.Error("called"); return nil }}
			change(h)
			r := &receiver{t: t, key: key, Handler: h}
			assert.Equal(t, http.StatusInternalServerError, r.deliver(), "the sender retries")
			assert.Equal(t, http.StatusInternalServerError, r.deliver())
			assert.Contains(t, log.String(), "Handler: "+field+" must be")
		})
	}
}

// With WithLivemodeOnly, an event that cannot be read gets the same status as without the option, and an event is of
// production only if its livemode is true.
func TestLivemodeOfAnOddEvent(t *testing.T) {
	key := newSigningKey(t)
	for body, want := range map[string]int{
		`{"id":"` + testIDs.Event + `","livemode":true,"data":{}}`:                   http.StatusUnprocessableEntity,
		`{"id":"` + testIDs.Event + `","type":"a.b","livemode":"true","data":{}}`:    http.StatusForbidden,
		`{"id":"` + testIDs.Event + `","type":"a.b","livemode":false,"data":{}}`:     http.StatusForbidden,
		`{"id":"` + testIDs.Event + `","type":"a.b","data":{}}`:                      http.StatusForbidden,
		`{"id":"` + testIDs.Event + `","type":"a.b","livemode":true,"data":{}}`:      http.StatusNoContent,
		`{"id":"` + testIDs.Event + `","type":7,"livemode":true,"data":{},"data":7}`: http.StatusUnprocessableEntity,
	} {
		handler := &webhook.Handler{Verifier: newVerifier(t, key, webhook.WithLivemodeOnly()), Logger: slog.New(slog.DiscardHandler),
			Handle: func(context.Context, *webhook.Delivery) error { return nil }}
		request := httptest.NewRequest("POST", "/", strings.NewReader(body))
		request.Header = key.sign(t, testIDs, time.Now(), []byte(body))
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		assert.Equal(t, want, response.Code, body)
		if want == http.StatusUnprocessableEntity {
			d, err := handler.Verifier.Verify(t.Context(), request.Header, []byte(body))
			require.Error(t, err)
			assert.Nil(t, d)
		}
	}
}

func TestAHandlerWhoseVerifierWasNotMade(t *testing.T) {
	handler := &webhook.Handler{Verifier: new(webhook.Verifier), Logger: slog.New(slog.DiscardHandler), Handle: func(context.Context, *webhook.Delivery) error { return nil }}
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequest("POST", "/", strings.NewReader("{}")))
	assert.Equal(t, http.StatusInternalServerError, response.Code)
}
