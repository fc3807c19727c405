package byzantinetest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
)

// maxRequestBytes is far above what onboarding with a few documents needs.
const maxRequestBytes = 64 << 20

// ServeHTTP responds to a request to the API. A request without a route is in the journal as well, because it is a
// mistake that a developer will look for. [StatusPath] is a page for browsers; what is below it is in the journal only if
// it was rejected for its host name or its origin.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	if err := s.guard(r); err != nil {
		s.record(roundTrip{request: r, started: started, response: err.response(), err: err})
		rejectUnread(w, err.response())
		return
	}
	handler, pattern := s.mux.Handler(r)
	_, registered := handler.(http.HandlerFunc) // the mux redirects a path such as //v1/health with a handler of its own
	if pattern != "" && (registered || strings.Contains(pattern, StatusPath)) {
		s.mux.ServeHTTP(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, StatusPath) {
		serveNoRoute(w, r, handler)
		return
	}
	seen := &statusRecorder{ResponseWriter: w}
	handler.ServeHTTP(seen, r)
	verdict := "the API has no route " + r.Method + " " + r.URL.Path
	if location := w.Header().Get("Location"); location != "" {
		verdict += ": the client is redirected to " + location
	}
	s.record(roundTrip{request: r, started: started, response: fake.Response{Status: seen.status, Verdict: verdict}})
}

// serveNoRoute responds to a request for a path below StatusPath that there is not. handler is the mux's own.
func serveNoRoute(w http.ResponseWriter, r *http.Request, handler http.Handler) {
	if !strings.HasPrefix(r.URL.Path, ControlPath) {
		handler.ServeHTTP(w, r)
		return
	}
	seen := httptest.NewRecorder()
	handler.ServeHTTP(seen, r)
	if allow := seen.Header().Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
	}
	writeControl(w, reject(seen.Code, "the control API has no route %s %s: its document is at %sopenapi.json", r.Method, fake.CutText(r.URL.Path), ControlPath).response())
}

// statusRecorder notes the status of a response.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (w *statusRecorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// responded is called with the response to every API request that a sandbox handles. Tests of this package set it.
var responded func(operationID string, out fake.Response)

// serve handles one request, together with the faults that were set for it.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request, op byzantine.Operation, handle handler) {
	started := time.Now()
	body, unread, ok := fake.ReadBody(w, r, maxRequestBytes)
	if !ok {
		s.record(roundTrip{request: r, operation: op.ID, started: started, body: body, response: unread})
		fake.Fault{}.Play(w, s.Now(), unread)
		return
	}
	fault := s.takeFault(op.ID)
	x := roundTrip{request: r, operation: op.ID, started: started, body: body, fault: fault}
	present := fault.Around(r.Context(), func(inTime bool) {
		x.gaveUp = !inTime
		if inTime && fault.ReachesHandler() {
			x.response, x.err = s.response(r, op, handle, body, fault.ClockSkew)
			if responded != nil {
				responded(string(op.ID), x.response)
			}
		}
		s.record(x)
	})
	if present {
		fault.Play(w, s.Now().Add(fault.ClockSkew), x.response)
	}
}

// response checks and handles a request in the order of the API: signature, scope, form, meaning. Only the last step holds
// the world's lock.
func (s *Sandbox) response(r *http.Request, op byzantine.Operation, handle handler, body []byte, skew time.Duration) (fake.Response, error) {
	response, err := s.respond(r, op, handle, body, skew)
	if form := (*formError)(nil); errors.As(err, &form) {
		return form.response(), err
	}
	if err != nil {
		return rejectionOf(err).response(), err
	}
	return response.response(), nil // what it shows is not changed any more: see response
}

func (s *Sandbox) respond(r *http.Request, op byzantine.Operation, handle handler, body []byte, skew time.Duration) (response, error) {
	caller, err := s.authenticate(r, op, body, skew)
	if err != nil {
		return response{}, err
	}
	request, err := s.decode(r, op, body)
	if err != nil {
		return response{}, err
	}
	s.lock()
	defer s.unlock()
	if op.Signed && s.world.credential(caller.pubkey) != caller { // it was deleted meanwhile
		return response{}, errUnknownCredential
	}
	return handle(s.world, caller, request)
}

var errUnknownCredential = unauthorized("unknown or inactive credential")

// authenticate does what the API's signature layer does, with its statuses. The scope comes before the form of the
// request and before the look-up of what it names.
func (s *Sandbox) authenticate(r *http.Request, op byzantine.Operation, body []byte, skew time.Duration) (*credential, error) {
	if !op.Signed {
		return nil, nil
	}
	signature, err := byzantine.RequestSignatureFromHeader(r.Header)
	if err != nil {
		return nil, badRequest("%v", err)
	}
	if err := checkPubkeyForm(signature.PublicKey); err != nil {
		return nil, err
	}
	caller, known := s.credential(signature.PublicKey)
	if !known.active {
		return nil, errUnknownCredential
	}
	if err := signature.VerifyWithKey(known.key, known.now.Add(skew), r.Method, r.RequestURI, body); err != nil {
		return nil, rejectedSignature(err, known.key, movedClock(known.now, skew), signature, r, body)
	}
	if known.scope != byzantine.ScopeReadWrite && r.Method != http.MethodGet {
		return nil, reject(http.StatusForbidden, "a read_only credential cannot call %s", op.ID)
	}
	return caller, nil
}
