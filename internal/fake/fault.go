// Package fake is what the fakes of this module share: a response before it is written, the faults that a test asks for, the
// journal of requests, and the reading of a passkey as it comes over the wire.
package fake

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is what goes wrong with one request. The fakes have exported types of the same fields, whose documentation says
// what each of them does.
type Fault struct {
	Delay       time.Duration
	Status      int
	Body        string
	Header      http.Header
	Reset       bool
	TakesEffect bool
	Truncate    bool
	ClockSkew   time.Duration
}

// FaultPlan has the faults to come, by operation id.
type FaultPlan map[string][]Fault

// Add lets the next times requests to an operation meet the fault, after those that were asked for before.
func (p FaultPlan) Add(operationID string, times int, f Fault) {
	p[operationID] = append(p[operationID], slices.Repeat([]Fault{f}, times)...)
}

// Take returns the next fault of an operation, one that changes nothing if there is none.
func (p FaultPlan) Take(operationID string) Fault {
	queue := p[operationID]
	if len(queue) == 0 {
		return Fault{}
	}
	p[operationID] = queue[1:]
	return queue[0]
}

// Around calls handle with whether the request can still be handled, and waits for the delay: before handle, or after it if
// the request takes effect. It reports false if the client gave up meanwhile; ctx is the request's.
func (f Fault) Around(ctx context.Context, handle func(inTime bool)) (present bool) {
	if f.TakesEffect {
		handle(true)
		return f.wait(ctx)
	}
	present = f.wait(ctx)
	handle(present)
	return present
}

// wait reports false if the client gave up during the delay.
func (f Fault) wait(ctx context.Context) bool {
	if f.Delay <= 0 {
		return true
	}
	select {
	case <-time.After(f.Delay):
		return true
	case <-ctx.Done():
		return false
	}
}

// ReachesHandler says whether the request is handled in spite of the fault.
func (f Fault) ReachesHandler() bool { return f.TakesEffect || (f.Status == 0 && !f.Reset) }

// Sent returns what the client gets: the response, or what the fault puts in its place. The status is 0 if the connection is
// cut before a response.
func (f Fault) Sent(out Response) Response {
	switch {
	case f.Reset:
		return Response{}
	case f.Status != 0:
		return Response{Status: f.Status, Body: []byte(f.Body), Plain: true}
	}
	return out
}

// Seen says what the fault did to the response, and whether the request was handled; it is empty if there was no fault. out
// is the response, if the request was handled.
func (f Fault) Seen(out Response) string {
	handled := "the request was not handled, and "
	if f.ReachesHandler() {
		handled = fmt.Sprintf("the request was handled with a %d, but ", out.Status)
	}
	switch {
	case f.Reset:
		return handled + "the connection was cut without a response"
	case f.Truncate && f.Status != 0:
		return fmt.Sprintf("%sthe connection was cut in the middle of a %d", handled, f.Status)
	case f.Truncate:
		return handled + "the connection was cut in the middle of the response"
	case f.Status != 0:
		return fmt.Sprintf("%sthe client got a %d", handled, f.Status)
	}
	var changes []string // of a response that the client got nevertheless
	if f.Delay > 0 {
		changes = append(changes, fmt.Sprintf("the response was delayed by %v", f.Delay))
	}
	if f.ClockSkew != 0 {
		changes = append(changes, fmt.Sprintf("with a clock that was wrong by %v", f.ClockSkew))
	}
	if len(f.Header) > 0 {
		changes = append(changes, fmt.Sprintf("with headers of the fault (%s)", strings.Join(slices.Sorted(maps.Keys(f.Header)), ", ")))
	}
	if len(changes) == 0 {
		return ""
	}
	return handled + strings.Join(changes, ", ")
}

// Play writes the response, or what the fault makes of it.
func (f Fault) Play(w http.ResponseWriter, now time.Time, out Response) {
	if f.Reset {
		cut(w, 0)
	}
	out = f.Sent(out)
	header := w.Header()
	header.Set("Date", now.UTC().Format(http.TimeFormat))
	switch {
	case out.Plain:
		header.Set("Content-Type", "text/plain; charset=utf-8")
	case len(out.Body) > 0:
		header.Set("Content-Type", "application/json")
	}
	for name, values := range f.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	if !f.Truncate {
		w.WriteHeader(out.Status)
		w.Write(out.Body)
		return
	}
	header.Set("Content-Length", fmt.Sprint(len(out.Body)+1))
	w.WriteHeader(out.Status)
	w.Write(out.Body[:len(out.Body)/2])
	http.NewResponseController(w).Flush()
	cut(w, -1) // a reset could overtake the half that was sent
}

// cut ends the connection, on HTTP/1 over TCP with the linger that is asked for: 0 is a reset. It does not return.
func cut(w http.ResponseWriter, linger int) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(linger)
		}
		conn.Close()
	}
	panic(http.ErrAbortHandler) // what net/http's server makes of this is not logged
}
