package byzantinetest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// Fault is something that goes wrong with one request. Its members add up: a Delay and a Status, say.
type Fault struct {
	// Delay holds the request up before anything else, in real time.
	Delay time.Duration
	// Status answers the request with this status and Body. The request is not handled, unless TakesEffect.
	Status int
	Body   string
	// Header is set in the answer, also where Status is 0: Retry-After, Age, Date.
	Header http.Header
	// Reset cuts the connection instead of answering. The request is not handled, unless TakesEffect.
	Reset bool
	// TakesEffect lets a request with Status or Reset be handled first: what a client has to reckon with after
	// byzantine.ErrOutcomeUnknown.
	TakesEffect bool
	// Truncate closes the connection in the middle of the answer's body. The request is handled, unless Status is set.
	Truncate bool
	// ClockSkew puts the sandbox's clock forward for this request, or back. A client that corrects its clock sends the
	// request once more: let it meet the fault twice to see it get through.
	ClockSkew time.Duration
}

// Fail lets the next times requests to an operation meet the fault, after those that were asked for before. It panics on
// an operation id that is not in the table of [byzantine.Operations].
func (s *Sandbox) Fail(operationID string, times int, f Fault) {
	known := func(op byzantine.Operation) bool { return op.ID == operationID }
	if !slices.ContainsFunc(slices.Collect(byzantine.Operations()), known) {
		panic(fmt.Sprintf("byzantinetest: Fail: the API has no operation %q", operationID))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.add(operationID, times, f)
}

func (s *Sandbox) takeFault(operationID string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.take(operationID)
}

// faultPlan has the faults to come, by operation id.
type faultPlan map[string][]Fault

func (p faultPlan) add(operationID string, times int, f Fault) {
	p[operationID] = append(p[operationID], slices.Repeat([]Fault{f}, times)...)
}

// take returns the next fault of an operation, one that changes nothing if there is none.
func (p faultPlan) take(operationID string) Fault {
	queue := p[operationID]
	if len(queue) == 0 {
		return Fault{}
	}
	p[operationID] = queue[1:]
	return queue[0]
}

// wait reports false if the client went away meanwhile.
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

func (f Fault) reachesHandler() bool { return f.TakesEffect || (f.Status == 0 && !f.Reset) }

// play writes the answer, or what the fault makes of it.
func (f Fault) play(w http.ResponseWriter, now time.Time, out answer) {
	if f.Reset {
		cut(w, 0)
	}
	if f.Status != 0 {
		out = answer{status: f.Status, body: []byte(f.Body), plain: true}
	}
	header := w.Header()
	header.Set("Date", now.UTC().Format(http.TimeFormat))
	switch {
	case out.plain:
		header.Set("Content-Type", "text/plain; charset=utf-8")
	case len(out.body) > 0:
		header.Set("Content-Type", "application/json")
	}
	for name, values := range f.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	if !f.Truncate {
		w.WriteHeader(out.status)
		w.Write(out.body)
		return
	}
	header.Set("Content-Length", fmt.Sprint(len(out.body)+1))
	w.WriteHeader(out.status)
	w.Write(out.body[:len(out.body)/2])
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
