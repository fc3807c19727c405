package byzantinetest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
	"github.com/byzantine-finance/byzantine-go/internal/spelling"
)

// Fault is a failure that the sandbox adds to one request. Fields can be combined, for example a Delay and a Status.
type Fault struct {
	// Delay delays the request before anything else, in real time. A request whose client gives up meanwhile is not handled.
	// With TakesEffect the request is handled at once and only the response is delayed, so that the client's timeout leaves
	// the outcome unknown.
	Delay time.Duration
	// Status makes the sandbox respond to the request with this status and Body. The request is not handled, unless
	// TakesEffect.
	Status int
	Body   string
	// Header is set in the response, even if Status is 0. Examples are Retry-After, Age and Date.
	Header http.Header
	// Reset cuts the connection instead of responding. The request is not handled, unless TakesEffect.
	Reset bool
	// TakesEffect makes the sandbox handle a request with Delay, Status or Reset first. A client must expect this case after
	// byzantine.ErrOutcomeUnknown.
	TakesEffect bool
	// Truncate closes the connection in the middle of the response's body, which is Body if Status is set. It does not
	// change whether the request is handled: see Status and TakesEffect.
	Truncate bool
	// ClockSkew moves the sandbox's clock forward for this request, or back if negative. A client that corrects its clock
	// sends the request again: set the fault for two requests to see the client succeed.
	ClockSkew time.Duration
}

// Fail adds the fault to the next times requests of an operation, after the faults that were set before. It panics on
// an operation id that is not in the table of [byzantine.Operations], and if times is negative.
func (s *Sandbox) Fail(operation byzantine.OperationID, times int, f Fault) {
	if err := checkOperation(operation); err != nil {
		panic(fmt.Sprintf("byzantinetest: Fail: %v", err))
	}
	if times < 0 {
		panic("byzantinetest: Fail: times: must not be negative")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.Add(string(operation), times, fake.Fault(f))
}

// checkOperation rejects an operation id that the API does not have, and names the one that may be meant.
func checkOperation(id byzantine.OperationID) error {
	var known []string
	for op := range byzantine.Operations() {
		if op.ID == id {
			return nil
		}
		known = append(known, string(op.ID))
	}
	return fmt.Errorf("the API has no operation %q%s", id, spelling.DidYouMean(string(id), known))
}

func (s *Sandbox) takeFault(operation byzantine.OperationID) fake.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.Take(string(operation))
}
