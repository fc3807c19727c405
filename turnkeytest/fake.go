// Package turnkeytest is a local fake of the part of Turnkey's API that package turnkey calls. Do not use it in
// production.
package turnkeytest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
	"github.com/byzantine-finance/byzantine-go/turnkey"
)

// Fake is a fake of Turnkey's create_authenticators and get_activity, for one organisation with one user. It verifies
// the stamp of every request, checks every passkey, recognises a repeated request by its bytes, and takes activities
// through the statuses that [Fake.Play] asks for. It is an http.Handler and safe for concurrent use.
//
// Where Turnkey's behaviour is not documented, the fake does this:
//
//   - A missing or invalid stamp gets a 401 with SIGNATURE_INVALID. A stamp by a key that the organisation does not have
//     gets a 401 with REQUEST_NOT_AUTHORIZED. A write with a key of the parent organisation gets a 403 with the same code.
//   - A request for another organisation than the fake's gets a 404 with ORGANIZATION_NOT_FOUND. An unknown user or
//     activity gets a 404, and every other mistake a 400, both with the code UNSPECIFIED.
//   - A passkey whose credential id is registered already, or about to be, gets a 400.
//   - timestampMs may be of any time. No app proofs are made.
type Fake struct {
	organization Organization
	mux          *http.ServeMux

	mu             sync.Mutex                 // guards the fields below
	writers        map[string]bool            // by public key, as in a stamp: whether the key may create activities
	activities     []*activity                // the oldest first
	plays          [][]turnkey.ActivityStatus // statuses of the next new activities, see Play
	authenticators []byzantine.AuthenticatorParam
	nested         bool
	faults         fake.FaultPlan
	journal        fake.Journal[Request]
}

// Organization is the initial state of a [Fake]. The fake makes values for fields that are empty.
type Organization struct {
	ID     string                // a UUID, at Turnkey
	UserID string                // a UUID, at Turnkey
	Key    *byzantine.PrivateKey // the key pair of an API key of the user
}

// New returns a fake. It makes the values of empty fields.
func New(organization Organization) (*Fake, error) {
	if organization.ID == "" {
		organization.ID = randomID()
	}
	if organization.UserID == "" {
		organization.UserID = randomID()
	}
	if organization.Key == nil {
		key, err := byzantine.GenerateKey()
		if err != nil {
			return nil, fmt.Errorf("turnkeytest: %w", err)
		}
		organization.Key = key
	}
	t := &Fake{organization: organization, mux: http.NewServeMux(), writers: map[string]bool{}, faults: fake.FaultPlan{}}
	t.AddKey(organization.Key.PublicKeyHex())
	for _, operation := range operations {
		t.mux.HandleFunc("POST "+operation.path, func(w http.ResponseWriter, r *http.Request) { t.serve(w, r, operation) })
	}
	return t, nil
}

// Organization returns the initial state of the fake, with all fields set.
func (t *Fake) Organization() Organization { return t.organization }

// AddKey adds an API key to the user, by its compressed public key in hexadecimal, with or without 0x.
func (t *Fake) AddKey(publicKey string) { t.addKey(publicKey, true) }

// AddParentKey adds an API key of the parent organisation: it may read activities but not create them.
func (t *Fake) AddParentKey(publicKey string) { t.addKey(publicKey, false) }

func (t *Fake) addKey(publicKey string, writes bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writers[strings.ToLower(strings.TrimPrefix(publicKey, "0x"))] = writes
}

// Fault is a failure that the fake adds to one request. Fields can be combined, for example a Delay and a Status.
type Fault struct {
	// Delay delays the request before anything else, in real time. A request whose client gives up meanwhile is not handled.
	// With TakesEffect the request is handled at once and only the response is delayed.
	Delay time.Duration
	// Status makes the fake respond to the request with this status and Body. The request is not handled, unless
	// TakesEffect is set.
	Status int
	Body   string
	// Header is set in the response, also where Status is 0.
	Header http.Header
	// Reset cuts the connection instead of responding. The request is not handled, unless TakesEffect is set.
	Reset bool
	// TakesEffect makes the fake handle a request with Delay, Status or Reset before the fault.
	TakesEffect bool
	// Truncate closes the connection in the middle of the response's body. The request is handled, unless Status is set.
	Truncate bool
	// ClockSkew is added to the time in the response's Date header.
	ClockSkew time.Duration
}

// Request is a request that reached the fake.
type Request struct {
	Time      time.Time
	Operation string // create_authenticators or get_activity
	Method    string
	URI       string // path and query as they came
	Header    http.Header
	Body      []byte // at most 4 KiB of the request's body
	BodyBytes int    // how long the body was, or how much of it was read if it is too long or was cut off
	Status    int    // status that the handler responded with; 0 if a fault kept the request from it, or if the client gave up during a delay
	Verdict   string // why the handler's response is not a success, for example what is wrong with the stamp
}

// maxRequestBytes is the size of the largest body that the fake reads, far more than requests with passkeys need.
const maxRequestBytes = 64 << 20

// Fail adds the fault to the next times requests of an operation, create_authenticators or get_activity, after the faults
// that were set before. It panics on any other operation.
func (t *Fake) Fail(name string, times int, f Fault) {
	if !slices.ContainsFunc(operations, func(op operation) bool { return op.name == name }) {
		panic(fmt.Sprintf("turnkeytest: Fail: the fake of Turnkey has no operation %q", name))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults.Add(name, times, fake.Fault(f))
}

// Requests returns the newest requests so far that fit into 16 MiB, the oldest first.
func (t *Fake) Requests() []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.journal.Requests())
}

// NestResults sets whether responses have most of an activity inside another one in its result, as one page of
// Turnkey's documentation shows it. Otherwise its fields are side by side, as on the other pages.
func (t *Fake) NestResults(nest bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nested = nest
}

// ServeHTTP responds to a request.
func (t *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// operation is a route of Turnkey's API that the fake serves. writes says whether the route creates activities.
type operation struct {
	name, path string
	writes     bool
	handle     func(t *Fake, signed stamp) (*activity, *rejection)
}

var operations = []operation{
	{"create_authenticators", "/public/v1/submit/create_authenticators", true, (*Fake).createAuthenticators},
	{"get_activity", "/public/v1/query/get_activity", false, (*Fake).getActivity},
}

func (t *Fake) serve(w http.ResponseWriter, r *http.Request, op operation) {
	body, out, ok := fake.ReadBody(w, r, maxRequestBytes)
	fault := fake.Fault{}
	if ok {
		fault = t.takeFault(op.name)
	}
	present := fault.Around(r.Context(), func(inTime bool) {
		if ok && inTime && fault.ReachesHandler() {
			out = t.response(r.Header, op, body)
		}
		t.record(Request{
			Time: time.Now(), Operation: op.name, Method: r.Method, URI: fake.CutText(r.RequestURI),
			Header: fake.CutHeader(r.Header), Body: fake.CutBody(body), BodyBytes: len(body), Status: out.Status, Verdict: out.Verdict,
		})
	})
	if present {
		fault.Play(w, time.Now().Add(fault.ClockSkew), out)
	}
}

func (t *Fake) takeFault(operation string) fake.Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.faults.Take(operation)
}

func (t *Fake) record(r Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.journal.Add(r, fake.SizeOfRequest(r.URI, r.Header)+len(r.Body)+len(r.Verdict))
}

// response authenticates a request and handles it.
func (t *Fake) response(header http.Header, op operation, body []byte) fake.Response {
	t.mu.Lock()
	defer t.mu.Unlock()
	signed, err := t.authenticate(header, op, body)
	if err != nil {
		return err.response()
	}
	activity, err := op.handle(t, signed)
	if err != nil {
		return err.response()
	}
	if t.nested {
		return fake.JSON(http.StatusOK, activity.nest())
	}
	return fake.JSON(http.StatusOK, map[string]any{"activity": activity.Activity})
}

func (t *Fake) authenticate(header http.Header, op operation, body []byte) (stamp, *rejection) {
	signed, err := verifyStamp(header.Get("X-Stamp"), body)
	if err != nil {
		return signed, &rejection{http.StatusUnauthorized, turnkey.CodeSignatureInvalid, err.Error()}
	}
	writes, known := t.writers[signed.publicKey]
	switch {
	case !known:
		return signed, &rejection{http.StatusUnauthorized, turnkey.CodeRequestNotAuthorized, "the organization has no such API key"}
	case op.writes && !writes:
		return signed, &rejection{http.StatusForbidden, turnkey.CodeRequestNotAuthorized, "a parent organization may only read"}
	}
	return signed, nil
}

// rejection is an error response of Turnkey.
type rejection struct {
	status int
	code   turnkey.ErrorCode
	text   string
}

func badRequest(format string, args ...any) *rejection {
	return &rejection{http.StatusBadRequest, turnkey.CodeUnspecified, fmt.Sprintf(format, args...)}
}

func notFound(text string) *rejection {
	return &rejection{http.StatusNotFound, turnkey.CodeUnspecified, text}
}

// grpcCodes maps the HTTP statuses of rejections to gRPC's codes.
var grpcCodes = map[int]int32{
	http.StatusBadRequest: 3, http.StatusNotFound: 5, http.StatusForbidden: 7,
	http.StatusInternalServerError: 13, http.StatusUnauthorized: 16,
}

func (e *rejection) response() fake.Response {
	out := fake.JSON(e.status, newStatus(grpcCodes[e.status], e.code, e.text))
	out.Verdict = e.text
	return out
}

func newStatus(code int32, errorCode turnkey.ErrorCode, text string) *turnkey.Status {
	return &turnkey.Status{
		Code: code, Message: text,
		Details: []turnkey.Detail{{Type: "type.googleapis.com/errors.v1.TurnkeyErrorDetail", TurnkeyErrorCode: errorCode}},
	}
}

// Server is a [Fake] that listens on a loopback port.
type Server struct {
	*Fake
	URL string // base URL: http://127.0.0.1:port

	http *httptest.Server
}

// NewServer starts a server. Like httptest.NewServer it panics if it cannot listen. A program that must not panic serves
// what [New] returns. The caller must call Close.
func NewServer(organization Organization) *Server {
	handler, err := New(organization)
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(handler)
	return &Server{Fake: handler, URL: server.URL, http: server}
}

// Close stops the server and waits for the requests that are still in progress.
func (s *Server) Close() { s.http.Close() }

// Client returns a client of the server's organisation that stamps with the Key of [Fake.Organization]. It panics if an
// option is invalid.
func (s *Server) Client(opts ...byzantine.Option) *turnkey.Client {
	opts = slices.Concat([]byzantine.Option{byzantine.WithBaseURL(s.URL)}, opts)
	client, err := turnkey.NewClient(s.organization.Key, s.organization.ID, opts...)
	if err != nil {
		panic(fmt.Sprintf("turnkeytest: Client: %v", err))
	}
	return client
}
