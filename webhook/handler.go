package webhook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"
)

const (
	// DefaultTimeout is how long a callback of a [Verifier.Handler] may take. The sender gives up after 10 seconds, the
	// connection included.
	DefaultTimeout = 8 * time.Second
	// DefaultMaxBodyBytes is how large a delivery may be.
	DefaultMaxBodyBytes = 1 << 20
)

// HandlerOption changes how a [Verifier.Handler] works. One with a senseless value panics when the handler is made.
type HandlerOption func(*handler)

// WithStore sets where it is recorded which events were handled. Without it, a [MemoryStore] of the handler's own is
// used: give the same store to all replicas and to the [Reconciler] instead.
func WithStore(s Store) HandlerOption {
	if s == nil {
		panic("webhook: WithStore: nil store")
	}
	return func(h *handler) { h.once.store = s }
}

// WithTimeout bounds the callback, [DefaultTimeout] unless set. Its context ends then; a second later the sender is told
// to come again. The lease of an event is 12 seconds longer than this: with the default it is over when the sender comes
// again after a crash, 30 seconds later.
func WithTimeout(d time.Duration) HandlerOption {
	if d <= 0 {
		panic("webhook: WithTimeout: must be positive")
	}
	return func(h *handler) { h.once.timeout = d }
}

// WithMaxBodyBytes sets how large a delivery may be, [DefaultMaxBodyBytes] unless set.
func WithMaxBodyBytes(n int64) HandlerOption {
	if n < 1 {
		panic("webhook: WithMaxBodyBytes: must be at least 1")
	}
	return func(h *handler) { h.maxBodyBytes = n }
}

// WithLogger sets the logger, slog.Default unless set. It logs one line for each request, with ids, type, outcome and
// duration; the callback's error and panic in its own words; never a body, a signature or anything unverified.
func WithLogger(l *slog.Logger) HandlerOption {
	if l == nil {
		panic("webhook: WithLogger: nil logger")
	}
	return func(h *handler) { h.once.logger = l }
}

// Handler receives deliveries, verifies them and calls fn once for each event: see the package comment for what exactly
// that means. It answers
//
//	204  fn returned nil, now or for an earlier delivery of the event, and that is recorded
//	401  the delivery is forged, too old, or signed by an unknown key; 400 if it is not one at all
//	403  it is of the sandbox and [RequireLivemode] was given
//	405  the method is not POST; 413 the body is too large; 415 it is not JSON, or compressed
//	409  the same event is being handled right now
//	500  fn returned an error or panicked
//	503  fn did not come back in time; or the store or the [KeySource] failed
//
// The sender comes again after everything but 2xx, up to six times within about nine hours.
//
// The context of fn carries the values of the request's and the timeout, but it does not end when the sender hangs up:
// what was begun may as well be finished, and the sender's next try is then answered without work. A callback that minds
// its context is waited for by http.Server.Shutdown; one that does not may be cut off by the end of the process, and is
// called again after its lease.
//
// The http.Server around it should have a ReadTimeout: the handler does not bound how slowly a body comes in.
func (v *Verifier) Handler(fn func(context.Context, *Delivery) error, opts ...HandlerOption) http.Handler {
	if fn == nil {
		panic("webhook: Handler: nil function")
	}
	h := &handler{
		verifier:     v,
		once:         once{fn: fn, timeout: DefaultTimeout, logger: slog.Default()},
		maxBodyBytes: DefaultMaxBodyBytes,
	}
	for _, opt := range opts {
		opt(h)
	}
	if h.once.store == nil {
		h.once.store = NewMemoryStore(0, nil)
	}
	return h
}

type handler struct {
	verifier     *Verifier
	once         once
	maxBodyBytes int64
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	d, err := h.receive(w, r)
	status := 0
	if err == nil {
		err = h.once.handle(context.WithoutCancel(r.Context()), d)
		status = handleStatus(err)
	} else {
		status = receiveStatus(err)
	}
	h.log(r.Context(), d, status, err, time.Since(started))
	switch status {
	case http.StatusNoContent:
		w.WriteHeader(status)
		return
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	}
	// No details: nobody but the sender has any business here.
	http.Error(w, http.StatusText(status), status)
}

// requestError is a request that was refused before it came to verifying.
type requestError struct {
	status int
	reason string
}

func (e *requestError) Error() string { return "webhook: request refused: " + e.reason }

// receive reads and verifies a delivery.
func (h *handler) receive(w http.ResponseWriter, r *http.Request) (*Delivery, error) {
	if r.Method != http.MethodPost {
		return nil, &requestError{http.StatusMethodNotAllowed, "the method is not POST"}
	}
	if kind := r.Header.Get("Content-Type"); kind != "" { // which one the sender sets is not documented
		if media, _, err := mime.ParseMediaType(kind); err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
			return nil, &requestError{http.StatusUnsupportedMediaType, "the content type is not JSON"}
		}
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return nil, &requestError{http.StatusUnsupportedMediaType, "the body is compressed"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBodyBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &requestError{http.StatusRequestEntityTooLarge, "the body is too large"}
	case err != nil:
		return nil, &requestError{http.StatusBadRequest, "the body was cut short"}
	}
	return h.verifier.verify(r.Context(), r.Header, body)
}

// receiveStatus is the answer to a delivery that was not let in.
func receiveStatus(err error) int {
	var request *requestError
	if errors.As(err, &request) {
		return request.status
	}
	var refused *VerifyError
	errors.As(err, &refused)
	switch refused.Check {
	case CheckHeaders, CheckAlgorithm, CheckEventID:
		return http.StatusBadRequest
	case CheckLivemode:
		return http.StatusForbidden
	case CheckKeySource:
		return http.StatusServiceUnavailable
	}
	return http.StatusUnauthorized
}

// handleStatus is the answer to one that was.
func handleStatus(err error) int {
	var failed *callbackError
	switch {
	case errors.As(err, &failed): // first: a callback may return anything
		return http.StatusInternalServerError
	case err == nil, errors.Is(err, ErrHandled):
		return http.StatusNoContent
	case errors.Is(err, ErrInProgress):
		return http.StatusConflict
	}
	return http.StatusServiceUnavailable
}

func (h *handler) log(ctx context.Context, d *Delivery, status int, err error, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case status >= 500:
		level = slog.LevelError
	case status >= 400:
		level = slog.LevelWarn
	}
	if !h.once.logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.Int("status", status), slog.Duration("duration", took)}
	if d != nil {
		attrs = append(attrs, slog.String("event_id", d.EventID), slog.String("delivery_id", d.ID))
		if event, err := d.Event(); err == nil {
			attrs = append(attrs, slog.String("type", string(event.Type)))
		}
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	h.once.logger.LogAttrs(ctx, level, "webhook: delivery", attrs...)
}
