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
	"syscall"
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
	sent     bool          // in any attempt
	skew     time.Duration // how far the clock was ahead when an answer first showed it
	resigned bool          // the one attempt with a corrected clock was made
}

// attempt is what came of sending the request once.
type attempt struct {
	unsigned   bool // it ended before it began: the signer failed
	sent       bool // headers were written, or may have been
	err        error
	response   Response // zero if there is no answer, or none that ended in order
	tooLarge   bool     // the answer was not read to its end
	duration   time.Duration
	correction time.Duration // of the clock that it was signed by
	answered   time.Time     // on the clock without it, when the answer's headers were there
}

func (a *attempt) succeeded() bool {
	return a.err == nil && !a.tooLarge && isSuccess(a.response.StatusCode)
}

// maxGrow is how much memory an answer gets on the word of its Content-Length.
const maxGrow = 1 << 20

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// attempt signs and sends the request once and reads the answer.
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
	g := &guard{stop: stop}

	*x.response = Response{}
	request, err := x.sign(ctx, a)
	if err == nil {
		var answer *http.Response
		answer, err = c.http.Do(request.WithContext(g.watch(ctx)))
		a.answered = c.clock.now()
		a.sent = err == nil || g.sent(err, c.standard)
		if err == nil {
			err = x.read(answer, a)
		}
	}
	switch {
	case err == nil:
	case parent.Err() != nil:
		a.err = contextError(parent)
	case g.second.Load():
		a.err = errSecondSend
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

// sign makes a request with a fresh signature over the very bytes that are sent.
func (x *exchange) sign(ctx context.Context, a *attempt) (*http.Request, error) {
	c := x.client
	mediaType := []string{"application/json"}
	request := &http.Request{
		Method: x.op.Method,
		URL:    x.url,
		Host:   x.url.Host,
		Header: http.Header{"Accept": mediaType, "Content-Type": mediaType, "User-Agent": {c.userAgent}},
	}
	if len(x.body) > 0 {
		// No GetBody: with one, net/http would send the body a second time.
		request.Body = io.NopCloser(bytes.NewReader(x.body))
		request.ContentLength = int64(len(x.body))
	}
	if x.op.stamp != nil {
		err := x.op.stamp(ctx, x.body, request.Header)
		a.unsigned = err != nil
		return request, err
	}
	if !x.op.Signed {
		return request, nil
	}
	a.correction = time.Duration(c.clock.correction.Load())
	signature, err := SignRequest(ctx, c.signer, c.clock.now().Add(a.correction), request.Method, x.url.RequestURI(), x.body)
	if err != nil {
		a.unsigned = true
		return nil, err
	}
	signature.Apply(request.Header)
	return request, nil
}

// read takes in the answer. An error is one that was cut short, unless its status alone settles the matter.
func (x *exchange) read(answer *http.Response, a *attempt) error {
	defer answer.Body.Close()
	limit := x.client.maxResponseBytes
	a.response = Response{StatusCode: answer.StatusCode, Header: answer.Header}
	var err error
	if answer.ContentLength > limit {
		a.tooLarge = true
	} else {
		var body bytes.Buffer
		if answer.ContentLength > 0 {
			body.Grow(int(min(answer.ContentLength, maxGrow)) + bytes.MinRead)
		}
		// Reading to the end is what lets the connection be used again.
		_, err = body.ReadFrom(io.LimitReader(answer.Body, limit+1))
		a.tooLarge = int64(body.Len()) > limit
		a.response.Body = body.Bytes()[:min(int64(body.Len()), limit)]
	}
	*x.response = a.response
	if err == nil || !isSuccess(answer.StatusCode) {
		return nil
	}
	a.response = Response{}
	return fmt.Errorf("status %d, but its body broke off: %w", answer.StatusCode, err)
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

// failure makes the error of a failed attempt: an *Error if there was an answer, a *TransportError if not.
// stopped says why the request was not sent again, where the table of retry.go would have it sent; else it is nil.
func (x *exchange) failure(a *attempt, stopped error) error {
	if a.err != nil {
		err := a.err
		if stopped != nil {
			err = fmt.Errorf("%w; %w", err, stopped)
		}
		return &TransportError{
			Operation: x.op.ID, Method: x.op.Method, Path: x.op.Path,
			Attempts: x.attempts, Sent: x.sent, Err: err, query: x.op.query,
		}
	}
	message := serverMessage(a.response.Body)
	if a.tooLarge && isSuccess(a.response.StatusCode) {
		message = fmt.Sprintf("the answer is larger than %d bytes", x.client.maxResponseBytes)
	}
	e := x.answerError(&a.response, message, stopped)
	if stopped != nil {
		e.note = stopped.Error()
	}
	return e
}

// answerError makes the *Error for an answer.
func (x *exchange) answerError(r *Response, message string, cause error) *Error {
	body, successBody := r.Body, Secret{}
	if isSuccess(r.StatusCode) {
		body, successBody = nil, NewSecret(string(body))
	}
	return &Error{
		Operation: x.op.ID, Method: x.op.Method, Path: x.op.Path,
		Message: message, StatusCode: r.StatusCode, Attempts: x.attempts, Header: r.Header, Body: body, SuccessBody: successBody,
		ClockSkew: x.skew, cause: cause, query: x.op.query, foreign: x.op.stamp != nil,
	}
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
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, errSecondSend} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "other"
}
