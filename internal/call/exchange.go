package call

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// Exchange is one call in progress. Only one goroutine may use it.
type Exchange struct {
	caller  *Caller
	request Request
	ctx     context.Context // of the call; an Exchange is used in one call only, so it may hold it
	started time.Time       // only set for the hook CallEnd

	attempts int
	first    attempt  // the first attempt, of most calls the only one
	last     *attempt // the attempt that decides the call; nil before the first
	sent     bool     // the server may have received an attempt, other than one that it rejected because of the clock
	open     bool     // an attempt may have taken effect, and no response says whether it did
	clock    clockTrial
}

// attempt is the result of one attempt.
type attempt struct {
	unsigned  bool // the request could not be signed
	sent      bool // the server may have the request (see guard.sent)
	err       error
	response  Response    // zero if there is none; if a success was cut short, what was received
	header    http.Header // of the request
	tooLarge  bool        // the response was not read to its end
	responded time.Time   // the machine's time when the response's headers were there
	duration  time.Duration
	guard     guard
}

func (a *attempt) succeeded() bool {
	return a.err == nil && !a.tooLarge && isSuccess(a.response.StatusCode)
}

// leavesOpen reports whether a request that does not only read may have taken effect in an attempt that failed.
func (a *attempt) leavesOpen() bool {
	if a.err != nil {
		return a.sent
	}
	return mayHaveTakenEffect(a.response.StatusCode)
}

// The Content-Length of a response may be wrong, so at most maxGrow bytes are reserved because of it at first. When that
// many have come, the rest is reserved at once. A Content-Length above maxAnnounced is ignored.
const (
	maxGrow      = 1 << 20
	maxAnnounced = 64 << 20
)

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// Begin starts a call. [Exchange.Run] sends it, and [Exchange.End] must be called when it is over.
func (c *Caller) Begin(ctx context.Context, r Request) *Exchange {
	x := &Exchange{caller: c, request: r, ctx: ctx}
	if c.hooks.CallEnd != nil {
		x.started = time.Now()
	}
	if c.hooks.CallStart != nil {
		x.ctx = c.hooks.CallStart(ctx, &x.request)
	}
	return x
}

// Context returns the context of the call, from the hook CallStart if there is one.
func (x *Exchange) Context() context.Context { return x.ctx }

// Response returns the response to the attempt that decides the call (see settleClock), also of a call that failed. It is
// zero if there was none.
func (x *Exchange) Response() Response {
	if x.last == nil {
		return Response{}
	}
	return x.last.response
}

// Attempts returns the number of attempts so far.
func (x *Exchange) Attempts() int { return x.attempts }

// End tells the hooks that the call has ended with err, which is nil after a success.
func (x *Exchange) End(err error) {
	if x.caller.hooks.CallEnd == nil {
		return
	}
	r := x.Response()
	x.caller.hooks.CallEnd(x.ctx, CallEnd{
		Request: &x.request, StatusCode: r.StatusCode, Attempts: x.attempts, Err: err, Duration: time.Since(x.started),
		ResponseBytes: len(r.Body), ClockSkew: x.clock.skew,
	})
}

// attempt authorizes and sends the request once and reads the response.
func (x *Exchange) attempt(parent context.Context) *attempt {
	a := &x.first
	if x.attempts > 1 {
		a = new(attempt)
	}
	x.last = a
	started := time.Now()
	ctx := parent
	hooks := &x.caller.hooks
	if hooks.AttemptStart != nil {
		ctx = hooks.AttemptStart(ctx, &x.request, x.attempts)
	}
	a.err = x.send(parent, ctx, a)
	a.duration = time.Since(started)
	if hooks.AttemptEnd != nil {
		hooks.AttemptEnd(ctx, AttemptEnd{
			Request: &x.request, Number: x.attempts, StatusCode: a.response.StatusCode, Sent: a.sent, Err: a.err, Duration: a.duration,
		})
	}
	return a
}

// send makes the one request of an attempt. parent is the context of the call, traced that of the attempt.
func (x *Exchange) send(parent, traced context.Context, a *attempt) error {
	c := x.caller
	timeout := c.writeTimeout
	if x.request.Reads {
		timeout = c.readTimeout
	}
	timeout = cmp.Or(x.request.Timeout, timeout)
	ctx, stop := context.WithTimeout(traced, timeout)
	defer stop()
	g := &a.guard
	g.transport, g.stop = &c.transport, stop

	request, err := x.newRequest(ctx, g.watch(ctx), a)
	if err == nil {
		err = ctx.Err() // a signer may use up the whole time
	}
	if err == nil {
		var response *http.Response
		response, err = c.http.Do(request)
		a.responded = c.clock.now()
		a.sent = err == nil || g.sent(err)
		x.noteTracing(ctx, g)
		if err == nil {
			err = x.read(ctx, g, response, a)
		}
	}
	switch {
	case err == nil:
		return nil
	case parent.Err() != nil:
		return ContextError(parent)
	case g.second.Load():
		return g.reason()
	case ctx.Err() != nil && !a.unsigned:
		return fmt.Errorf("no response within %s: %w", timeout, ctx.Err())
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the connection was closed before a response came: %w", withoutURL(err))
	}
	return withoutURL(err)
}

// noteTracing records whether an attempt's round tripper calls trace hooks, and warns once if it calls none.
func (x *Exchange) noteTracing(ctx context.Context, g *guard) {
	t := g.transport
	switch {
	case t.kind == own:
	case g.traced.Load():
		if !t.traced.Load() { // not written again, so that concurrent calls share the cache line
			t.traced.Store(true)
		}
	case !t.traced.Load() && !t.warned.Swap(true):
		x.caller.logger.LogAttrs(ctx, slog.LevelWarn, "byzantine: the RoundTripper does not say what it sends "+
			"(it calls no hook of net/http/httptrace): every request that fails on it counts as sent")
	}
}

// newRequest makes a request with a new signature over exactly the bytes that are sent. The request has the watched
// context; the signer gets ctx, because what it sends itself is not to be watched.
func (x *Exchange) newRequest(ctx, watched context.Context, a *attempt) (*http.Request, error) {
	c, r := x.caller, &x.request
	values := []string{"application/json", c.userAgent}
	mediaType, userAgent := values[0:1:1], values[1:2:2]
	request := (&http.Request{
		Method: r.Method,
		URL:    r.URL,
		Host:   r.URL.Host,
		Header: http.Header{"Accept": mediaType, "Content-Type": mediaType, "User-Agent": userAgent},
	}).WithContext(watched)
	a.header = request.Header
	maps.Copy(request.Header, r.Header)
	// No GetBody: with one, net/http would send the body a second time.
	switch {
	case len(r.Body) > 0:
		request.Body = io.NopCloser(bytes.NewReader(r.Body))
		request.ContentLength = int64(len(r.Body))
	case c.transport.resends():
		request.Body = onceOnly()
	}
	if r.Authorize == nil {
		return request, nil
	}
	err := r.Authorize(ctx, request, r.Body, c.clock.now().Add(x.clock.correction))
	a.unsigned = err != nil
	return request, err
}

// onceOnly is an empty body of unknown length. net/http sends a request only once if it has a body that cannot be
// rewound. On HTTP/2 it is sent as an empty DATA frame, on HTTP/1 as nothing or, for a POST, as an empty chunked body.
func onceOnly() io.ReadCloser { return io.NopCloser(bytes.NewReader(nil)) }

// read reads the response. It returns an error if the response was cut short, unless the status alone decides.
func (x *Exchange) read(ctx context.Context, g *guard, response *http.Response, a *attempt) error {
	defer response.Body.Close()
	if !g.trusted() {
		// The end of the context ends the reading of net/http's own bodies, but not necessarily of others.
		defer context.AfterFunc(ctx, func() { response.Body.Close() })()
	}
	limit := x.caller.maxResponseBytes
	a.response = Response{StatusCode: response.StatusCode, Header: response.Header, RequestID: requestID(response.Header)}
	var err error
	switch {
	case response.StatusCode < 200: // a 101: what follows is not HTTP, and the end of the context does not end it
	case response.ContentLength > limit:
		a.tooLarge = true
	default:
		// A connection is used again only if the body was read to its end.
		a.response.Body, err = readUpTo(response.Body, limit+1, response.ContentLength)
		if a.tooLarge = int64(len(a.response.Body)) > limit; a.tooLarge {
			a.response.Body = a.response.Body[:limit]
		}
	}
	if err == nil || !isSuccess(response.StatusCode) {
		return nil
	}
	return fmt.Errorf("status %d, but its body broke off: %w", response.StatusCode, err)
}

// readUpTo reads to the end, or until it has limit bytes. announced is the Content-Length, negative if there is none.
func readUpTo(r io.Reader, limit, announced int64) ([]byte, error) {
	if announced > maxAnnounced {
		announced = 0
	}
	body := make([]byte, 0, min(max(announced, 0), maxGrow)+bytes.MinRead)
	for int64(len(body)) < limit {
		if len(body) == cap(body) {
			more := max(int64(len(body)), announced-int64(len(body))+bytes.MinRead)
			body = slices.Grow(body, int(min(more, limit-int64(len(body)))))
		}
		n, err := r.Read(body[len(body):min(int64(cap(body)), limit)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		} else if err != nil {
			return body, err
		}
	}
	return body, nil
}

// withoutURL unwraps the errors of net/http that print the URL with its query.
func withoutURL(err error) error {
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err
}

// ContextError returns why a context has ended. errors.Is finds context.Canceled or context.DeadlineExceeded in it.
func ContextError(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}

// failure makes the Failure of a failed attempt. stopped says why the request was not sent again although the table of
// retry.go allows it; otherwise it is nil.
func (x *Exchange) failure(a *attempt, stopped error) *Failure {
	if a.err != nil {
		err := a.err
		if stopped != nil {
			err = fmt.Errorf("%w; %w", err, stopped)
		}
		if !x.sent && x.clock.first != nil {
			return x.rejectedAtFirst(err)
		}
		return &Failure{Attempts: x.attempts, Sent: x.sent, OutcomeUnknown: x.open && !x.request.Reads, Err: err}
	}
	message := serverMessage(a.response.Body)
	if a.tooLarge && isSuccess(a.response.StatusCode) {
		message = fmt.Sprintf("the response is larger than %d bytes", x.caller.maxResponseBytes)
	}
	f := x.Rejected(message)
	if stopped != nil {
		f.Err = stopped
		f.addNote(stopped.Error())
	}
	return f
}

// rejectedAtFirst makes the Failure of a call whose first response led to another clock, and that sent nothing after it.
// The Failure has that response, because the clock may not be the reason for the rejection, and a note with err, which
// says why nothing more was sent.
func (x *Exchange) rejectedAtFirst(err error) *Failure {
	x.last = x.clock.first
	f := x.Rejected(serverMessage(x.last.response.Body))
	f.Err = err
	f.addNote("a second attempt with the clock corrected was not sent: " + errtext.Trim(Printable(err.Error())))
	return f
}

// Rejected makes the Failure of a call whose response is not a success, or is a success that cannot be read.
func (x *Exchange) Rejected(message string) *Failure {
	r := x.Response()
	f := &Failure{
		Response: r, Message: message, Attempts: x.attempts, ClockSkew: x.clock.skew,
		Host: x.request.URL.Host, RequestHeader: x.last.header, Sent: true,
		OutcomeUnknown: !x.request.Reads && (x.open || mayHaveTakenEffect(r.StatusCode)),
	}
	if f.OutcomeUnknown && !mayHaveTakenEffect(r.StatusCode) {
		f.addNote("an attempt before this one may have taken effect")
	}
	f.addNote(x.clock.note)
	return f
}

// log writes one line about an attempt. more are attributes for the message.
func (x *Exchange) log(ctx context.Context, level slog.Level, message string, a *attempt, more ...slog.Attr) {
	logger := x.caller.logger
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := append([]slog.Attr{
		slog.String("operation", x.request.Operation), slog.String("method", x.request.Method), slog.String("path", x.request.Path),
		slog.Int("attempt", x.attempts),
	}, more...)
	if a.err != nil {
		attrs = append(attrs, slog.Bool("sent", a.sent), slog.String("error", plainReason(a.err)))
	} else {
		attrs = append(attrs, slog.Int("status", a.response.StatusCode))
	}
	logger.LogAttrs(ctx, level, message, attrs...)
}

// plainReason returns the text of an error that may be logged: only errors with a fixed text, because others may quote
// secrets or personal data.
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
