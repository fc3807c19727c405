package byzantinetest

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
)

// Fault is something that goes wrong with one request. Its fields add up: a Delay and a Status, say.
type Fault struct {
	// Delay holds the request up before anything else, in real time.
	Delay time.Duration
	// Status makes the sandbox respond to the request with this status and Body. The request is not handled, unless
	// TakesEffect.
	Status int
	Body   string
	// Header is set in the response, also where Status is 0: Retry-After, Age, Date.
	Header http.Header
	// Reset cuts the connection instead of responding. The request is not handled, unless TakesEffect.
	Reset bool
	// TakesEffect lets a request with Status or Reset be handled first: what a client has to reckon with after
	// byzantine.ErrOutcomeUnknown.
	TakesEffect bool
	// Truncate closes the connection in the middle of the response's body. The request is handled, unless Status is set.
	Truncate bool
	// ClockSkew puts the sandbox's clock forward for this request, or back. A client that corrects its clock sends the
	// request again: let it meet the fault twice to see it get through.
	ClockSkew time.Duration
}

// Fail lets the next times requests to an operation meet the fault, after those that were asked for before. It panics on
// an operation id that is not in the table of [byzantine.Operations].
func (s *Sandbox) Fail(operation byzantine.OperationID, times int, f Fault) {
	known := func(op byzantine.Operation) bool { return op.ID == operation }
	if !slices.ContainsFunc(slices.Collect(byzantine.Operations()), known) {
		panic(fmt.Sprintf("byzantinetest: Fail: the API has no operation %q", operation))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.Add(string(operation), times, fake.Fault(f))
}

func (s *Sandbox) takeFault(operation byzantine.OperationID) fake.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.Take(string(operation))
}
