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

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

const (
	// DefaultTimeout is how long the key source and the callback of a [Handler] may take together. The sender ends an
	// attempt after 10 seconds, which include the time to connect.
	DefaultTimeout = 8 * time.Second
	// DefaultMaxBodyBytes is the largest body that a [Handler] reads, in bytes.
	DefaultMaxBodyBytes = 1 << 20
)

// Handler is an http.Handler that receives deliveries, verifies them, and calls Handle once for each event. The package
// comment says what exactly that means. A Handler is safe for concurrent use. It responds with
//
//	204  Handle returned nil, now or for an earlier delivery of the event, and that is recorded
//	400  the request is not a delivery: a header is missing or malformed, the body was cut short, or the body has another
//	     id than the header's event id
//	401  the delivery is forged, signed by an unknown key, or its timestamp is too far from the clock
//	403  the delivery comes from the sandbox, and [WithLivemodeOnly] was given
//	405  the method is not POST
//	409  another callback is handling the same event
//	413  the body is too large
//	415  the body is compressed
//	422  the delivery is genuine, but its event has no readable id or type, is not valid JSON, or has two different ids
//	500  Handle returned an error, panicked, or ended its goroutine; or a field of the Handler is invalid
//	503  Handle did not return in time; or the store or the [KeySource] failed
//
// The sender retries after every status other than 2xx, up to six times within about nine hours.
//
// Only the signature decides whether a delivery is genuine; the Content-Type is ignored. The headers are checked before
// the body is read.
//
// The context of Handle has the values of the request's context and ends after Timeout. It does not end when the sender
// closes the connection: Handle can finish its work, and the sender's next attempt gets its 204 without a second call.
// http.Server.Shutdown waits for a callback that returns when its context ends. A callback that ignores its context may
// be cut off by the end of the process, and is called again after its lease.
//
// Set a ReadTimeout on the http.Server, because the Handler does not limit how slowly a body arrives.
//
// Verifier and Handle are required; the zero values of the other fields are the documented defaults. Set the fields
// before the first request. A Handler with an invalid field responds with 500 to each request and logs an error that
// names the field.
type Handler struct {
	Verifier *Verifier
	Handle   Func

	// Store records which events were handled. Give the same store to all replicas and to the [Reconciler]. If nil, the
	// Handler uses a [MemoryStore] of its own, which no replica and no Reconciler shares.
	Store Store
	// Timeout is how long the [KeySource], if it is called, and the callback may take together, [DefaultTimeout] if
	// zero. It begins when the body has been read. The callback's context ends after it; one second later the sender
	// gets a 503 and retries. The lease of an event is 12 seconds longer than Timeout. With the default, the lease of a
	// process that crashed is over when the sender retries, 30 seconds after the crash.
	Timeout time.Duration
	// MaxBodyBytes is the largest body that is read, in bytes, [DefaultMaxBodyBytes] if zero.
	MaxBodyBytes int64
	// Logger gets one line for each request, with ids, type, status and duration, and with the text of the callback's
	// error or panic. It also gets lines for warnings and panics. No line has a body, a signature or unverified data.
	// slog.Default if nil.
	Logger *slog.Logger
	// Tracer observes deliveries. Nil means no tracer.
	Tracer Tracer

	prepare sync.Once // calls setDefaults, which sets once and invalid
	once    once
	invalid error
}

func (h *Handler) setDefaults() {
	switch {
	case h.Verifier == nil:
		h.invalid = errors.New("webhook: Handler: Verifier must be set")
	case h.Verifier.now == nil:
		h.invalid = errors.New("webhook: Handler: Verifier must be made by NewVerifier")
	case h.Handle == nil:
		h.invalid = errors.New("webhook: Handler: Handle must be set")
	case h.Timeout < 0:
		h.invalid = errors.New("webhook: Handler: Timeout must be positive")
	case h.MaxBodyBytes < 0:
		h.invalid = errors.New("webhook: Handler: MaxBodyBytes must be positive")
	}
	h.once = once{store: h.Store, fn: tracedFunc(h.Tracer, h.Handle), timeout: cmp.Or(h.Timeout, DefaultTimeout), logger: cmp.Or(h.Logger, slog.Default())}
	if h.once.store == nil {
		h.once.store = new(MemoryStore)
	}
	h.once.store = withTracer(h.once.store, h.Tracer)
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.prepare.Do(h.setDefaults)
	started := time.Now()
	ctx, end := traceDelivery(r.Context(), h.Tracer, SourceWebhook)
	d, deadline, err := h.receive(ctx, w, r)
	receiving := time.Since(started)
	status := 0
	if err == nil {
		err = h.once.handle(context.WithoutCancel(ctx), d, deadline)
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

// requestError says why a request was rejected although no check of the Verifier failed.
type requestError struct {
	status int
	reason string
}

func (e *requestError) Error() string { return "webhook: request rejected: " + errtext.Trim(e.reason) }

// receive reads and verifies a delivery, and decodes its event. If a genuine delivery cannot be decoded, it returns the
// delivery together with the error. deadline is the end of the callback's context.
func (h *Handler) receive(ctx context.Context, w http.ResponseWriter, r *http.Request) (d *Delivery, deadline time.Time, err error) {
	head, body, err := h.read(w, r)
	if err != nil {
		return nil, deadline, err
	}
	deadline = time.Now().Add(h.once.timeout)
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	switch d, err = h.Verifier.checkBody(ctx, head, body); {
	case errors.Is(err, errNoEvent):
		return d, deadline, &requestError{http.StatusUnprocessableEntity, err.Error()}
	case err != nil:
		return nil, deadline, err
	}
	event, unreadable, err := d.decode()
	if err != nil {
		return d, deadline, &requestError{http.StatusUnprocessableEntity, err.Error()}
	}
	if len(unreadable) > 0 {
		h.once.logger.LogAttrs(ctx, slog.LevelWarn, "webhook: fields of an event cannot be read and are left empty",
			slog.String("event_id", d.EventID), slog.Any("fields", unreadable))
	}
	d.event.Store(event)
	return d, deadline, nil
}

// read checks the method and the headers of a request and, if they are valid, reads its body.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (*headers, []byte, error) {
	switch {
	case h.invalid != nil:
		return nil, nil, &requestError{http.StatusInternalServerError, h.invalid.Error()}
	case r.Method != http.MethodPost:
		return nil, nil, &requestError{http.StatusMethodNotAllowed, "the method is not POST"}
	case isCompressed(r.Header):
		return nil, nil, &requestError{http.StatusUnsupportedMediaType, "the body is compressed"}
	}
	head, err := h.Verifier.checkHeaders(r.Header)
	if err != nil {
		return nil, nil, err
	}
	body, err := h.readBody(w, r)
	return head, body, err
}

// isCompressed reports whether the body has a content coding other than identity (RFC 9110, section 8.4.1: their names
// are case-insensitive).
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

// receiveStatus returns the status of the response to a delivery that is not passed to the callback.
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

// handleStatus returns the status of the response to a delivery that was passed to the callback, or whose event was
// handled or is being handled already.
func handleStatus(err error) int {
	var failed *callbackError
	switch {
	case errors.As(err, &failed): // first, because a callback may return ErrHandled or ErrInProgress itself
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
