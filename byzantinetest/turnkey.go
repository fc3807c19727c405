package byzantinetest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/turnkey"
)

// Turnkey is a fake of Turnkey's create_authenticators and get_activity, for one organisation with one user. It verifies
// the stamp of every request and checks every passkey, knows a request again by its bytes, and takes activities through
// the statuses that [Turnkey.Play] asks for. It is an http.Handler and safe for concurrent use.
//
// Where Turnkey's behaviour is not documented, it makes a choice each:
//
//   - A request whose stamp is missing or not valid gets a 401 with SIGNATURE_INVALID, one of a key that the organisation
//     does not have a 401 with REQUEST_NOT_AUTHORIZED, and a parent's write a 403 with the same.
//   - Another organisation than its own is a 404 with ORGANIZATION_NOT_FOUND. An unknown user or activity is a 404 and
//     every other mistake a 400, with an UNSPECIFIED code.
//   - A passkey whose credential id is registered already, or about to be, gets a 400.
//   - timestampMs may be of any time. No app proofs are made.
type Turnkey struct {
	organization TurnkeyOrganization
	mux          *http.ServeMux

	mu             sync.Mutex      // guards what follows
	writers        map[string]bool // by public key, as in a turnkeyStamp; false for those that only read
	activities     registry[*turnkeyActivity]
	plays          [][]turnkey.ActivityStatus // of activities to come
	authenticators []byzantine.AuthenticatorParam
	nested         bool
	faults         faultPlan
	log            []Request
}

// TurnkeyOrganization is what a [Turnkey] begins with. What is left empty is made up.
type TurnkeyOrganization struct {
	ID     string                // a UUID, at Turnkey
	UserID string                // a UUID, at Turnkey
	Key    *byzantine.PrivateKey // of an API key of the user
}

// NewTurnkey returns a fake.
func NewTurnkey(organization TurnkeyOrganization) (*Turnkey, error) {
	if organization.ID == "" {
		organization.ID = randomID()
	}
	if organization.UserID == "" {
		organization.UserID = randomID()
	}
	if organization.Key == nil {
		key, err := byzantine.GenerateKey()
		if err != nil {
			return nil, fmt.Errorf("byzantinetest: %w", err)
		}
		organization.Key = key
	}
	t := &Turnkey{organization: organization, mux: http.NewServeMux(), writers: map[string]bool{}, faults: faultPlan{}}
	t.AddKey(organization.Key.PublicKeyHex())
	for _, operation := range turnkeyOperations {
		t.mux.HandleFunc("POST "+operation.path, func(w http.ResponseWriter, r *http.Request) { t.serve(w, r, operation) })
	}
	return t, nil
}

// Organization returns what the fake began with, nothing in it empty.
func (t *Turnkey) Organization() TurnkeyOrganization { return t.organization }

// AddKey adds an API key to the user, by its compressed public key in hexadecimal, with or without 0x.
func (t *Turnkey) AddKey(publicKey string) { t.addKey(publicKey, true) }

// AddParentKey adds an API key of the parent organisation: it may look at activities but create nothing.
func (t *Turnkey) AddParentKey(publicKey string) { t.addKey(publicKey, false) }

func (t *Turnkey) addKey(publicKey string, writes bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writers[strings.ToLower(strings.TrimPrefix(publicKey, "0x"))] = writes
}

// Fail lets the next times requests to an operation, create_authenticators or get_activity, meet the fault, after those
// that were asked for before. It panics on any other operation.
func (t *Turnkey) Fail(operation string, times int, f Fault) {
	if !slices.ContainsFunc(turnkeyOperations, func(o turnkeyOperation) bool { return o.name == operation }) {
		panic(fmt.Sprintf("byzantinetest: Fail: the fake of Turnkey has no operation %q", operation))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults.add(operation, times, f)
}

// Requests returns the requests so far, oldest first.
func (t *Turnkey) Requests() []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.log)
}

// NestResults says whether answers have most of an activity in another one inside its result, as one of Turnkey's
// documents shows it. They have it side by side otherwise, as the others do.
func (t *Turnkey) NestResults(nest bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nested = nest
}

// ServeHTTP answers a request.
func (t *Turnkey) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// turnkeyOperation is a route.
type turnkeyOperation struct {
	name, path string
	writes     bool
	handle     func(t *Turnkey, stamp turnkeyStamp) (*turnkeyActivity, error)
}

var turnkeyOperations = []turnkeyOperation{
	{"create_authenticators", "/public/v1/submit/create_authenticators", true, (*Turnkey).createAuthenticators},
	{"get_activity", "/public/v1/query/get_activity", false, (*Turnkey).getActivity},
}

func (t *Turnkey) serve(w http.ResponseWriter, r *http.Request, operation turnkeyOperation) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	fault := t.takeFault(operation.name)
	if !fault.wait(r.Context()) {
		return
	}
	var out answer
	if fault.reachesHandler() {
		out = t.answer(r.Header, operation, body)
	}
	t.record(Request{
		Time: time.Now(), OperationID: operation.name, Method: r.Method, URI: r.RequestURI,
		Header: r.Header.Clone(), Body: bytes.Clone(body), Status: out.status, Verdict: out.verdict,
	})
	fault.play(w, time.Now().Add(fault.ClockSkew), out)
}

func (t *Turnkey) takeFault(operation string) Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.faults.take(operation)
}

func (t *Turnkey) record(r Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log = append(t.log, r)
}

// answer authenticates a request and handles it.
func (t *Turnkey) answer(header http.Header, operation turnkeyOperation, body []byte) answer {
	t.mu.Lock()
	defer t.mu.Unlock()
	stamp, err := t.authenticate(header, operation, body)
	if err != nil {
		return turnkeyRefusalOf(err).answer()
	}
	activity, err := operation.handle(t, stamp)
	if err != nil {
		return turnkeyRefusalOf(err).answer()
	}
	if t.nested {
		return response{http.StatusOK, activity.nest()}.answer()
	}
	return response{http.StatusOK, map[string]any{"activity": activity.Activity}}.answer()
}

func (t *Turnkey) authenticate(header http.Header, operation turnkeyOperation, body []byte) (turnkeyStamp, error) {
	stamp, err := verifyTurnkeyStamp(header.Get("X-Stamp"), body)
	if err != nil {
		return stamp, &turnkeyRefusal{http.StatusUnauthorized, turnkey.CodeSignatureInvalid, err.Error()}
	}
	writes, known := t.writers[stamp.publicKey]
	switch {
	case !known:
		return stamp, &turnkeyRefusal{http.StatusUnauthorized, turnkey.CodeRequestNotAuthorized, "the organization has no such API key"}
	case operation.writes && !writes:
		return stamp, &turnkeyRefusal{http.StatusForbidden, turnkey.CodeRequestNotAuthorized, "a parent organization may only read"}
	}
	return stamp, nil
}

// turnkeyRefusal is an error of Turnkey's.
type turnkeyRefusal struct {
	status int
	code   turnkey.ErrorCode
	text   string
}

func (e *turnkeyRefusal) Error() string { return e.text }

// turnkeyRefusalOf gives an error of the sandbox, such as that of a passkey that is no good, the form of Turnkey's.
func turnkeyRefusalOf(err error) *turnkeyRefusal {
	if e, ok := err.(*turnkeyRefusal); ok {
		return e
	}
	return &turnkeyRefusal{refusalOf(err).status, turnkey.CodeUnspecified, err.Error()}
}

// grpcCodes are the codes that the statuses stand for.
var grpcCodes = map[int]int32{
	http.StatusBadRequest: 3, http.StatusNotFound: 5, http.StatusForbidden: 7,
	http.StatusInternalServerError: 13, http.StatusUnauthorized: 16,
}

func (e *turnkeyRefusal) answer() answer {
	out := response{e.status, newTurnkeyStatus(grpcCodes[e.status], e.code, e.text)}.answer()
	out.verdict = e.text
	return out
}

func newTurnkeyStatus(code int32, errorCode turnkey.ErrorCode, text string) *turnkey.Status {
	return &turnkey.Status{
		Code: code, Message: text,
		Details: []turnkey.Detail{{Type: "type.googleapis.com/errors.v1.TurnkeyErrorDetail", TurnkeyErrorCode: errorCode}},
	}
}

// TurnkeyServer is a [Turnkey] that listens on a loopback port.
type TurnkeyServer struct {
	*Turnkey
	URL string // base URL: http://127.0.0.1:port

	http *httptest.Server
}

// NewTurnkeyServer starts a server. Like httptest.NewServer it panics if it cannot; the caller ends it with Close.
func NewTurnkeyServer(organization TurnkeyOrganization) *TurnkeyServer {
	fake, err := NewTurnkey(organization)
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(fake)
	return &TurnkeyServer{Turnkey: fake, URL: server.URL, http: server}
}

// Close stops the server and waits for the requests that it still answers.
func (s *TurnkeyServer) Close() { s.http.Close() }

// Client returns a client of the server's organisation that stamps with its key. It panics if an option is refused.
func (s *TurnkeyServer) Client(opts ...byzantine.Option) *turnkey.Client {
	opts = slices.Concat([]byzantine.Option{byzantine.WithBaseURL(s.URL)}, opts)
	client, err := turnkey.NewClient(s.organization.Key, s.organization.ID, opts...)
	if err != nil {
		panic(fmt.Sprintf("byzantinetest: Client: %v", err))
	}
	return client
}
