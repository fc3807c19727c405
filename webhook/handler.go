package webhook

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// DefaultTimeout is how long the callback of a [Handler] may take. The sender gives up after 10 seconds, the
	// connection included.
	DefaultTimeout = 8 * time.Second
	// DefaultMaxBodyBytes is how large a delivery may be.
	DefaultMaxBodyBytes = 1 << 20
)

// Handler is the endpoint: it receives deliveries, verifies them and calls Handle once for each event; see the package
// comment for what exactly that means. It responds with
//
//	204  Handle returned nil, now or for an earlier delivery of the event, and that is recorded
//	401  the delivery is forged, too old, or signed by an unknown key; 400 if it is not one at all
//	403  it is of the sandbox and [WithLivemodeOnly] was given
//	405  the method is not POST; 413 the body is too large; 415 it is compressed
//	409  the same event is being handled right now
//	422  the delivery is genuine, but its event has no readable id or type
//	500  Handle returned an error or panicked; or a field of the Handler is invalid
//	503  Handle did not return in time; or the store or the [KeySource] failed
//
// The sender retries after everything but 2xx, up to six times within about nine hours.
//
// The signature decides whether a delivery is genuine; its Content-Type decides nothing. What the headers alone tell is
// checked before the body is read.
//
// The context of Handle carries the values of the request's and the timeout, but it does not end when the sender hangs up:
// what was begun may as well be finished, and the sender's next attempt then gets its 204 without work. A callback that
// minds its context is waited for by http.Server.Shutdown; one that does not may be cut off by the end of the process, and
// is called again after its lease.
//
// The http.Server around it should have a ReadTimeout: the handler does not bound how slowly a body comes in.
//
// Verifier and Handle are required; the zero values of the other fields are the documented defaults. Set the fields before
// the first request. A Handler with an invalid field responds with 500 to each request and logs an error that names the
// field.
type Handler struct {
	Verifier *Verifier
	Handle   Func

	// Store is where it is recorded which events were handled. If nil, a [MemoryStore] of the handler's own is used: give
	// the same store to all replicas and to the [Reconciler] instead.
	Store Store
	// Timeout bounds the callback, [DefaultTimeout] if zero. Its context ends then; a second later the sender is told to
	// retry. The lease of an event is 12 seconds longer than this: with the default it is over when the sender retries
	// after a crash, 30 seconds later.
	Timeout time.Duration
	// MaxBodyBytes is how large a delivery may be, [DefaultMaxBodyBytes] if zero.
	MaxBodyBytes int64
	// Logger gets one line for each request, with ids, type, outcome and duration; the callback's error and panic in its
	// own words; never a body, a signature or anything unverified. slog.Default if nil.
	Logger *slog.Logger
	// Tracer observes deliveries; nil for none.
	Tracer Tracer

	prepare sync.Once // sets once and invalid
	once    once
	invalid error
}

func (h *Handler) setDefaults() {
	switch {
	case h.Verifier == nil:
		h.invalid = errors.New("webhook: Handler: Verifier must be set")
	case h.Handle == nil:
		h.invalid = errors.New("webhook: Handler: Handle must be set")
	case h.Timeout < 0:
		h.invalid = errors.New("webhook: Handler: Timeout must be positive")
	case h.MaxBodyBytes < 0:
		h.invalid = errors.New("webhook: Handler: MaxBodyBytes must be positive")
	}
	h.once = once{store: h.Store, fn: tracedFunc(h.Tracer, h.Handle), timeout: cmp.Or(h.Timeout, DefaultTimeout), logger: cmp.Or(h.Logger, slog.Default())}
	if h.once.store == nil {
		h.once.store = NewMemoryStore(0, nil)
	}
	h.once.store = withTracer(h.once.store, h.Tracer)
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.prepare.Do(h.setDefaults)
	started := time.Now()
	ctx, end := traceDelivery(r.Context(), h.Tracer, SourceWebhook)
	d, err := h.receive(ctx, w, r)
	receiving := time.Since(started)
	status := 0
	if err == nil {
		err = h.once.handle(context.WithoutCancel(ctx), d)
		status = handleStatus(err)
	} else {
		status = receiveStatus(err)
	}
	end(d, TraceDeliveryEndData{StatusCode: status, Err: err, Receiving: receiving})
	h.log(ctx, d, status, err, time.Since(started))
	switch status {
	case http.StatusNoContent:
		w.WriteHeader(status)
		return
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	}
	// No details: only the sender needs this endpoint.
	http.Error(w, http.StatusText(status), status)
}

// requestError is a request that was rejected for another reason than a failed check of the Verifier.
type requestError struct {
	status int
	reason string
}

func (e *requestError) Error() string { return "webhook: request rejected: " + e.reason }

// receive reads and verifies a delivery, and decodes its event. The delivery is returned with an error too if it is
// genuine.
func (h *Handler) receive(ctx context.Context, w http.ResponseWriter, r *http.Request) (*Delivery, error) {
	switch {
	case h.invalid != nil:
		return nil, &requestError{http.StatusInternalServerError, h.invalid.Error()}
	case r.Method != http.MethodPost:
		return nil, &requestError{http.StatusMethodNotAllowed, "the method is not POST"}
	case isCompressed(r.Header):
		return nil, &requestError{http.StatusUnsupportedMediaType, "the body is compressed"}
	}
	head, err := h.Verifier.checkHeaders(r.Header)
	if err != nil {
		return nil, err
	}
	body, err := h.readBody(w, r)
	if err != nil {
		return nil, err
	}
	d, err := h.Verifier.checkBody(ctx, head, body)
	if err != nil {
		return nil, err
	}
	event, unreadable, err := d.decode()
	if err != nil {
		return d, &requestError{http.StatusUnprocessableEntity, err.Error()}
	}
	if len(unreadable) > 0 {
		h.once.logger.LogAttrs(ctx, slog.LevelWarn, "webhook: fields of an event cannot be read and are left empty",
			slog.String("event_id", d.EventID), slog.Any("fields", unreadable))
	}
	d.event.Store(event)
	return d, nil
}

// isCompressed reports whether the body has a content coding other than identity (RFC 9110, section 8.4.1: their names are
// case-insensitive).
func isCompressed(h http.Header) bool {
	for _, line := range h.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(line, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
				return true
			}
		}
	}
	return false
}

func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, cmp.Or(h.MaxBodyBytes, DefaultMaxBodyBytes)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &requestError{http.StatusRequestEntityTooLarge, "the body is too large"}
	case err != nil:
		return nil, &requestError{http.StatusBadRequest, "the body was cut short"}
	}
	return body, nil
}

// receiveStatus is the response to a delivery that is not handed to the callback.
func receiveStatus(err error) int {
	var request *requestError
	if errors.As(err, &request) {
		return request.status
	}
	var rejected *VerifyError
	errors.As(err, &rejected)
	switch rejected.Check {
	case CheckHeaders, CheckAlgorithm, CheckEventID:
		return http.StatusBadRequest
	case CheckLivemode:
		return http.StatusForbidden
	case CheckKeySource:
		return http.StatusServiceUnavailable
	}
	return http.StatusUnauthorized
}

// handleStatus is the response to a delivery that was handed to the callback, or to one of an event that need not be.
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

func (h *Handler) log(ctx context.Context, d *Delivery, status int, err error, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case status >= 500, status == http.StatusUnprocessableEntity: // a genuine event that is not handled
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
		if event := d.event.Load(); event != nil {
			attrs = append(attrs, slog.String("type", string(event.Type)))
		}
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	h.once.logger.LogAttrs(ctx, level, "webhook: delivery", attrs...)
}
