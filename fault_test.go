package byzantine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// want is what a call must return, and what the server must have received. With status 0 the error is a
// *TransportError, otherwise an *Error.
type want struct {
	requests int // that were sent; also the number of attempts if that is 0
	attempts int
	success  bool
	status   int
	unsent   bool // TransportError.Sent is false
	unknown  bool // ErrOutcomeUnknown
	is       error
	message  string // part of the error's text
}

// outcome is what a call returned, and the requests that the server received.
type outcome struct {
	err      error
	requests []seenRequest
	unread   int // number of further requests that the server did not read
}

// assertOutcome checks the result of a cell in a fault table.
func assertOutcome(t *testing.T, call testCall, w want, got outcome) {
	t.Helper()
	assert.Equal(t, w.requests, len(got.requests)+got.unread, "requests on the wire")
	assertEachSignedAnew(t, call, got.requests)
	if w.success {
		assert.NoError(t, got.err)
		return
	}
	assertFailure(t, call, w, got.err)
}

// assertFailure checks that the error of a call agrees with w.
func assertFailure(t *testing.T, call testCall, w want, err error) {
	t.Helper()
	require.Error(t, err)
	attempts := w.attempts
	if attempts == 0 {
		attempts = w.requests
	}
	var withResponse *byzantine.Error
	var withoutResponse *byzantine.TransportError
	if w.status == 0 {
		require.ErrorAs(t, err, &withoutResponse)
		assert.Equal(t, call.method, withoutResponse.Method)
		assert.Equal(t, attempts, withoutResponse.Attempts)
		assert.Equal(t, !w.unsent, withoutResponse.Sent, "Sent")
		assert.Equal(t, w.unsent, strings.Contains(err.Error(), "nothing was sent"), err)
	} else {
		require.ErrorAs(t, err, &withResponse)
		assert.Equal(t, call.method, withResponse.Method)
		assert.Equal(t, w.status, withResponse.StatusCode)
		assert.Equal(t, attempts, withResponse.Attempts)
	}
	assert.Equal(t, w.unknown, errors.Is(err, byzantine.ErrOutcomeUnknown), "ErrOutcomeUnknown: %v", err)
	assert.Equal(t, w.unknown, strings.Contains(err.Error(), "check before you retry"), err)
	if w.is != nil {
		assert.ErrorIs(t, err, w.is)
	}
	assert.Contains(t, err.Error(), w.message)
	assert.NotContains(t, err.Error(), testAccountID)
	assert.NotContains(t, err.Error(), rfc6979Public)
}

// faultRow is a row of the fault table: a fault that occurs for every request, and the result of a call.
type faultRow struct {
	name  string
	fault func(*rawConn) // what the server does after it has read a request; then the connection is closed
	early bool           // fault runs after the first byte of the request already
	warm  bool           // the first request on the connection gets a response, so that the fault occurs on a reused connection
	opts  []byzantine.Option
	get   want
	write want // POST, PATCH and DELETE
}

// run makes one call against a server with the fault.
func (row faultRow) run(t *testing.T, call testCall) outcome {
	server := newRawServer(t, row.serve())
	client := newTestClient(t, server.url, append([]byzantine.Option{byzantine.WithClock(tickingClock())}, row.opts...)...)
	if row.warm {
		assert.NoError(t, call.do(t.Context(), client))
	}
	warm := len(server.all())
	err := call.do(atOnce(t), client)
	if row.early {
		return outcome{err: err, unread: server.accepted()}
	}
	return outcome{err: err, requests: server.all()[warm:]}
}

func (row faultRow) serve() func(*rawConn) {
	return func(c *rawConn) {
		switch {
		case row.early:
			_, _ = c.reader.Peek(1)
		case !c.receive():
			return
		case row.warm && len(c.server.all()) == 1:
			c.respond(200, "", anyResponse)
			if !c.receive() {
				return
			}
		}
		row.fault(c)
	}
}

// sentAgain and unknown are the results of most rows: a GET is sent again; any other request is not, and its outcome is
// unknown.
var (
	sentAgain = want{requests: 3}
	unknown   = want{requests: 1, unknown: true}
)

// TestFaultTable has the faults that a server can cause after a request was sent, for each method.
func TestFaultTable(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string][]faultRow{
		"connection": connectionFaults, "body": bodyFaults, "status": statusFaults, "redirect": redirectFaults,
	} {
		t.Run(name, func(t *testing.T) { runFaultTable(t, rows) })
	}
}

func runFaultTable(t *testing.T, rows []faultRow) {
	var cells faultCells
	for _, row := range rows {
		for _, call := range testCalls {
			cells.add(row.name+"/"+call.method, call, row.get, row.write, func() outcome { return row.run(t, call) })
		}
	}
	cells.run(t)
}

// faultCells are the cells of a fault table: each has one call and one fault.
type faultCells []faultCell

type faultCell struct {
	name string
	call testCall
	want want
	run  func() outcome
}

func (cells *faultCells) add(name string, call testCall, get, write want, run func() outcome) {
	if call.isGET() {
		write = get
	}
	*cells = append(*cells, faultCell{name, call, write, run})
}

// waits reports whether a cell waits between attempts, which takes real time.
func (c faultCell) waits() bool { return max(c.want.requests, c.want.attempts) > 1 }

// run runs all cells. Cells that wait run in parallel.
func (cells faultCells) run(t *testing.T) {
	outcomes := make([]chan outcome, len(cells))
	for i, c := range cells {
		outcomes[i] = make(chan outcome, 1)
		if c.waits() {
			go func() { outcomes[i] <- c.run() }()
		}
	}
	for i, c := range cells {
		t.Run(c.name, func(t *testing.T) {
			if !c.waits() {
				outcomes[i] <- c.run()
			}
			assertOutcome(t, c.call, c.want, <-outcomes[i])
		})
	}
}

var connectionFaults = []faultRow{
	{name: "reset before reading", early: true, fault: (*rawConn).reset, get: sentAgain, write: unknown},
	{name: "reset after reading", fault: (*rawConn).reset, get: sentAgain, write: unknown},
	{name: "closed after reading", fault: func(*rawConn) {}, get: sentAgain, write: unknown},
	{name: "reset on a reused connection", warm: true, fault: (*rawConn).reset, get: sentAgain, write: unknown},
	{name: "closed on a reused connection", warm: true, fault: func(*rawConn) {}, get: sentAgain, write: unknown},
	{
		name: "reset, then dials are refused", fault: func(c *rawConn) { c.server.listener.Close(); c.reset() },
		get: want{requests: 1, attempts: 3, message: "refused"}, write: unknown,
	},
	{
		name: "reset on a reused connection, then dials are refused", warm: true,
		fault: func(c *rawConn) { c.server.listener.Close(); c.reset() },
		get:   want{requests: 1, attempts: 3, message: "refused"}, write: unknown,
	},
	{
		name: "half a header", fault: func(c *rawConn) { c.send("HTTP/1.1 200 OK\nContent-Le") },
		get: sentAgain, write: unknown,
	},
	{
		name: "no HTTP", fault: func(c *rawConn) { c.send("SSH-2.0-OpenSSH_9.9\n" + strings.Repeat("x", 4000) + "\n") },
		get: sentAgain, write: unknown,
	},
	{
		name: "one attempt", fault: (*rawConn).reset, opts: []byzantine.Option{byzantine.WithMaxAttempts(1)},
		get: want{requests: 1}, write: unknown,
	},
}
