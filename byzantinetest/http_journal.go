package byzantinetest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/fake"

	"github.com/byzantine-finance/byzantine-go"
)

// Request is a request that reached the sandbox, with its response.
type Request struct {
	Number      int64                 // counts from 1
	Time        time.Time             // on the sandbox's clock
	OperationID byzantine.OperationID // empty if the API has no such route
	Method      string
	URI         string // path and query as they came
	Header      http.Header
	// Body is at most 4 KiB of the request's body. Uploaded documents are replaced by their sizes and hashes if it is
	// longer.
	Body          []byte
	BodyBytes     int           // how long the body was, or how much of it was read if it is too long or was cut off
	Status        int           // of the response that the client got; 0 if a fault cut the connection before one, or if the client gave up during a delay
	Response      []byte        // at most 4 KiB of that response's body
	ResponseBytes int           // how long the response's body was
	Duration      time.Duration // until the response was ready, in real time
	// Verdict says why the response is not a success: what is wrong with the signature, say. If the request met a fault, it
	// says as well what the client saw, and whether the request was handled nevertheless.
	Verdict string
	// Difference says where the text that was signed differs from the text that had to be signed: by the request's
	// signature, or by a passkey (signedBody). Nil if neither was rejected, or if it is not known what was signed.
	Difference *Difference
	// ExpectedBytes and ExpectedSHA256 are the length in bytes and the hash of the whole text that the request's signature
	// must cover. Compare them with those of the text that your own signer signs. Empty unless the signature was rejected.
	ExpectedBytes  int
	ExpectedSHA256 string // hexadecimal

	faulty bool // it met a fault
}

// Requests returns the requests so far, the oldest first: the newest 16 MiB of them.
func (s *Sandbox) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := make([]Request, 0, len(s.journal.Requests()))
	for _, r := range s.journal.Requests() {
		requests = append(requests, *r)
	}
	return requests
}

// SignedText is the text that the request's signature must cover: timestamp, method, path with query, and body, with
// nothing in between. Compare it with the text that your own signer signs. Where Body is cut
// short, so is this.
func (r Request) SignedText() []byte {
	return slices.Concat([]byte(r.Header.Get("X-Timestamp")+r.Method+r.URI), r.Body)
}

// WithRequestLog calls log with each request before its response goes out. Requests that come at the same time are logged
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

// size is what a request takes, about.
func (r *Request) size() int {
	size := fake.SizeOfRequest(r.URI, r.Header) + len(r.Body) + len(r.Response) + len(r.Verdict)
	if r.Difference != nil {
		size += len(r.Difference.Expected) + len(r.Difference.Signed)
	}
	return size
}

// roundTrip is a request and its response on their way to the journal.
type roundTrip struct {
	request   *http.Request
	operation byzantine.OperationID
	started   time.Time
	body      []byte
	response  fake.Response
	err       error // why the response is not a success, if it is the sandbox's own
	fault     fake.Fault
	gaveUp    bool // the client, during a delay; the request was not handled
}

// sent is what the client gets.
func (x roundTrip) sent() fake.Response {
	if x.gaveUp {
		return fake.Response{}
	}
	return x.fault.Sent(x.response)
}

// seen says what a fault did; it is empty if there was none.
func (x roundTrip) seen() string {
	if x.gaveUp {
		return fmt.Sprintf("the request was not handled, because the client gave up during the delay of %v", x.fault.Delay)
	}
	return x.fault.Seen(x.response)
}

// record keeps a request, cut to size.
func (s *Sandbox) record(x roundTrip) {
	sent := x.sent()
	r := Request{
		OperationID: x.operation, Method: x.request.Method, URI: fake.CutText(x.request.RequestURI),
		Header: fake.CutHeader(x.request.Header), Body: cutBody(x.body), BodyBytes: len(x.body),
		Status: sent.Status, Response: cutBody(sent.Body), ResponseBytes: len(sent.Body),
		Duration: time.Since(x.started), Verdict: x.response.Verdict,
	}
	if mismatch := (*mismatchError)(nil); errors.As(x.err, &mismatch) {
		r.Difference, r.ExpectedBytes, r.ExpectedSHA256 = mismatch.difference, mismatch.expectedBytes, mismatch.expectedSHA256
	}
	if seen := x.seen(); seen != "" {
		r.faulty = true
		r.Verdict = strings.TrimPrefix(r.Verdict+"; a fault: "+seen, "; ")
	}
	s.mu.Lock()
	r.Time = s.world.clock.now()
	s.journalled++
	r.Number = s.journalled
	s.journal.Add(&r, r.size()) // which is not changed any more
	s.mu.Unlock()
	if s.onRequest != nil {
		s.onRequest(r)
	}
}

// cutBody returns a copy of a body that fits: uploaded documents are replaced first, then the end is cut off.
func cutBody(body []byte) []byte {
	if len(body) > fake.MaxJournalBody {
		body = withoutDocuments(body)
	}
	return fake.CutBody(body)
}
