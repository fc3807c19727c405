package byzantine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// exchange is one call under way.
type exchange struct {
	client   *Client
	op       *Operation
	url      *url.URL
	body     []byte
	response *Response // of the last attempt

	attempts int
	sent     bool // in any attempt that was not rejected because of the clock
	clock    clockTrial
}

// attempt is the result of sending the request once.
type attempt struct {
	unsigned bool // it ended before it began: the signer failed
	sent     bool // headers were written, or may have been
	err      error
	status   int       // of the response, also of one whose body broke off
	response Response  // zero if there is none, or none that ended in order
	tooLarge bool      // the response was not read to its end
	answered time.Time // on the machine's clock, when the response's headers were there
	duration time.Duration
}

func (a *attempt) succeeded() bool {
	return a.err == nil && !a.tooLarge && isSuccess(a.response.StatusCode)
}

// maxGrow is how much memory a response gets on the word of its Content-Length.
const maxGrow = 1 << 20

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// attempt signs and sends the request once and reads the response.
func (x *exchange) attempt(parent context.Context) *attempt {
	c := x.client
	started := time.Now()
	a := new(attempt)
	timeout := c.writeTimeout
	if x.op.reads() {
		timeout = c.readTimeout
	}
	ctx, stop := context.WithTimeout(parent, timeout)
	defer stop()
	g := &guard{transport: &c.transport, stop: stop}

	*x.response = Response{}
	request, err := x.newRequest(ctx, a)
	if err == nil {
		err = ctx.Err() // a signer may take all the time there is
	}
	if err == nil {
		var response *http.Response
		response, err = c.http.Do(request.WithContext(g.watch(ctx)))
		a.answered = c.clock.now()
		a.sent = err == nil || g.sent(err)
		x.noteTracing(ctx, g)
		if err == nil {
			err = x.read(ctx, g, response, a)
		}
	}
	switch {
	case err == nil:
	case parent.Err() != nil:
		a.err = contextError(parent)
	case g.second.Load():
		a.err = g.reason()
	case ctx.Err() != nil && !a.unsigned:
		a.err = fmt.Errorf("no answer within %s: %w", timeout, ctx.Err())
	case errors.Is(err, io.EOF):
		a.err = fmt.Errorf("the connection was closed before an answer came: %w", withoutURL(err))
	default:
		a.err = withoutURL(err)
	}
	a.duration = time.Since(started)
	return a
}

// noteTracing keeps what an attempt shows of the round tripper.
func (x *exchange) noteTracing(ctx context.Context, g *guard) {
	t := g.transport
	switch {
	case t.kind == own:
	case g.traced.Load():
		if !t.traced.Load() { // not written again, so that concurrent calls share the cache line
			t.traced.Store(true)
		}
	case !t.traced.Load() && !t.warned.Swap(true):
		x.client.logger.LogAttrs(ctx, slog.LevelWarn, "byzantine: the RoundTripper does not say what it sends "+
			"(it calls no hook of net/http/httptrace): every request that fails on it counts as sent")
	}
}

// newRequest makes a request with a fresh signature over the very bytes that are sent.
func (x *exchange) newRequest(ctx context.Context, a *attempt) (*http.Request, error) {
	c := x.client
	mediaType := []string{"application/json"}
	request := &http.Request{
		Method: x.op.Method,
		URL:    x.url,
		Host:   x.url.Host,
		Header: http.Header{"Accept": mediaType, "Content-Type": mediaType, "User-Agent": {c.userAgent}},
	}
	// No GetBody: with one, net/http would send the body a second time.
	switch {
	case len(x.body) > 0:
		request.Body = io.NopCloser(bytes.NewReader(x.body))
		request.ContentLength = int64(len(x.body))
	case c.transport.resends():
		request.Body = onceOnly()
	}
	if x.op.stamp != nil {
		err := x.op.stamp(ctx, x.body, request.Header)
		a.unsigned = err != nil
		return request, err
	}
	if !x.op.Signed {
		return request, nil
	}
	signature, err := SignRequest(ctx, c.signer, c.clock.now().Add(x.clock.correction), request.Method, x.url.RequestURI(), x.body)
	if err != nil {
		a.unsigned = true
		return nil, err
	}
	signature.Apply(request.Header)
	return request, nil
}

// onceOnly is an empty body of unknown length. net/http sends a request that has a body which it cannot rewind only once.
// On the wire it is an empty DATA frame on HTTP/2; on HTTP/1 it is nothing at all, or an empty chunked body for a POST.
func onceOnly() io.ReadCloser { return io.NopCloser(bytes.NewReader(nil)) }

// read takes in the response. An error is one that was cut short, unless its status alone settles the matter.
func (x *exchange) read(ctx context.Context, g *guard, response *http.Response, a *attempt) error {
	defer response.Body.Close()
	if !g.trusted() {
		// The end of the context ends the reading of net/http's own bodies. Nobody knows what others do.
		defer context.AfterFunc(ctx, func() { response.Body.Close() })()
	}
	limit := x.client.maxResponseBytes
	a.status = response.StatusCode
	a.response = Response{StatusCode: response.StatusCode, Header: response.Header}
	var err error
	switch {
	case response.StatusCode < 200: // a 101: what follows is no HTTP, and the context does not end it
	case response.ContentLength > limit:
		a.tooLarge = true
	default:
		var body bytes.Buffer
		if response.ContentLength > 0 {
			body.Grow(int(min(response.ContentLength, maxGrow)) + bytes.MinRead)
		}
		// Reading to the end is what lets the connection be used again.
		_, err = body.ReadFrom(io.LimitReader(response.Body, limit+1))
		a.tooLarge = int64(body.Len()) > limit
		a.response.Body = body.Bytes()[:min(int64(body.Len()), limit)]
	}
	*x.response = a.response
	if err == nil || !isSuccess(response.StatusCode) {
		return nil
	}
	a.response = Response{}
	return fmt.Errorf("status %d, but its body broke off: %w", response.StatusCode, err)
}

// withoutURL takes an error out of those of net/http that print the URL with its query.
func withoutURL(err error) error {
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err
}

// contextError is why a context is over, recognisable as context.Canceled or context.DeadlineExceeded.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}

// failure makes the error of a failed attempt: an *Error if there was a response, a *TransportError if not.
// stopped says why the request was not sent again, where the table of retry.go would have it sent; else it is nil.
func (x *exchange) failure(a *attempt, stopped error) error {
	if a.err != nil {
		err := a.err
		if stopped != nil {
			err = fmt.Errorf("%w; %w", err, stopped)
		}
		if !x.sent && x.clock.resent {
			err = fmt.Errorf("after a response that rejected the request because of the clock: %w", err)
		}
		return &TransportError{
			Operation: x.op.ID, Method: x.op.Method, Path: x.op.Path,
			Attempts: x.attempts, Sent: x.sent, OutcomeUnknown: x.sent && !x.op.reads(), Err: err,
		}
	}
	message := serverMessage(a.response.Body)
	if a.tooLarge && isSuccess(a.response.StatusCode) {
		message = fmt.Sprintf("the answer is larger than %d bytes", x.client.maxResponseBytes)
	}
	e := x.answerError(&a.response, message, stopped)
	if stopped != nil {
		e.addNote(stopped.Error())
	}
	return e
}

// answerError makes the *Error for a response.
func (x *exchange) answerError(r *Response, message string, cause error) *Error {
	body, successBody := r.Body, Secret{}
	if isSuccess(r.StatusCode) {
		body, successBody = nil, NewSecret(string(body))
	}
	e := &Error{
		Operation: x.op.ID, Method: x.op.Method, Path: x.op.Path,
		Message: message, StatusCode: r.StatusCode, Attempts: x.attempts, Header: r.Header, Body: body, SuccessBody: successBody,
		ClockSkew: x.clock.skew, OutcomeUnknown: !x.op.reads() && mayHaveTakenEffect(r.StatusCode), Err: cause,
	}
	if x.op.stamp == nil { // another API's statuses have meanings of their own
		e.addNote(meaning(e.Method, e.StatusCode))
	}
	e.addNote(x.clock.note)
	return e
}

// log writes one line about an attempt. more is what the message is about.
func (x *exchange) log(ctx context.Context, level slog.Level, message string, a *attempt, more ...slog.Attr) {
	if !x.client.logger.Enabled(ctx, level) {
		return
	}
	attrs := append([]slog.Attr{
		slog.String("operation", x.op.ID), slog.String("method", x.op.Method), slog.String("path", x.op.Path),
		slog.Int("attempt", x.attempts),
	}, more...)
	if a.err != nil {
		attrs = append(attrs, slog.Bool("sent", a.sent), slog.String("error", plainReason(a.err)))
	} else {
		attrs = append(attrs, slog.Int("status", a.response.StatusCode))
	}
	x.client.logger.LogAttrs(ctx, level, message, attrs...)
}

// plainReason is what a log may hold of an error: the words of those that have no others. The rest may quote anything.
func plainReason(err error) string {
	var errno systemError
	if errors.As(err, &errno) {
		return errno.Error()
	}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, errSecondSend, errSecondRequest} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "other"
}
