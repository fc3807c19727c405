package byzantinetest

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
)

// maxLog is how many requests a sandbox remembers, the newest ones.
const maxLog = 1000

// Request is one that reached the sandbox.
type Request struct {
	Time        time.Time // on the sandbox's clock
	OperationID string    // empty if the API has no such route
	Method      string
	URI         string // path and query as they came
	Header      http.Header
	Body        []byte
	Status      int    // of the answer; 0 if a fault took its place
	Verdict     string // why the answer is not a success: what is wrong with the signature, say
}

// Requests returns the requests so far, oldest first: the last 1,000.
func (s *Sandbox) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// SignedText is what the request's signature has to cover: timestamp, method, path with query, and body, with nothing
// in between. It helps whoever writes a signer to find what theirs does otherwise.
func (r Request) SignedText() []byte {
	return slices.Concat([]byte(r.Header.Get("X-Timestamp")+r.Method+r.URI), r.Body)
}

// WithRequestLog calls log with each request before its answer goes out. Requests that come at the same time are logged
// at the same time.
func WithRequestLog(log func(Request)) Option {
	return func(s *Sandbox) error {
		if log == nil {
			return errors.New("WithRequestLog: the function is nil")
		}
		s.onRequest = log
		return nil
	}
}

func (s *Sandbox) record(r *http.Request, op byzantine.Operation, body []byte, out fake.Answer) {
	request := Request{
		OperationID: op.ID, Method: r.Method, URI: r.RequestURI,
		Header: r.Header.Clone(), Body: bytes.Clone(body), Status: out.Status, Verdict: out.Verdict,
	}
	s.remember(&request)
	if s.onRequest != nil {
		s.onRequest(request)
	}
}

// remember dates a request and keeps it.
func (s *Sandbox) remember(r *Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Time = s.world.clock.now()
	if len(s.log) == maxLog {
		s.log = s.log[1:]
	}
	s.log = append(s.log, *r)
}
