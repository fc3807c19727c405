package e2e

import (
	"crypto/rand"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	module "github.com/byzantine-finance/byzantine-go/browser"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

//go:embed site
var files embed.FS

// sessionCookie is the name of the cookie of a signed-in browser.
const sessionCookie = "session"

// site is the backend of an integrator with a page for the registration of a passkey, and the sandbox as its API.
type site struct {
	t      *testing.T
	api    *byzantinetest.Server
	client *byzantine.Client
	rp     *passkey.RelyingParty
	origin string // of the page
	server *httptest.Server

	permissions string // Permissions-Policy of the pages; empty for none

	// A test may set these before the page is used.
	changeOptions func(options map[string]any) // changes the options before they are sent to the page
	onFinish      func(*http.Request)          // gets the third request before it is handled

	mu       sync.Mutex // guards the fields below, and the sessions
	sessions map[string]*session
	enrolled []enrolled
	refused  []refused
	denied   []string // requests that pages of other sites sent
}

// session is what the backend keeps about a signed-in user.
type session struct {
	AccountID, UserID, Email string

	OTPID        string
	OTPSessionID string
	Registration *passkey.RegistrationState
	Passkeys     []string // credential ids
}

// refused is the error with which FinishRegistration rejected a response.
type refused struct {
	userID string
	err    error
}

// enrolled is a passkey that was registered at the API.
type enrolled struct {
	userID           string
	otpSessionID     string
	credential       *passkey.Credential
	authenticatorIDs []string
}

// startSite starts a backend and its API. opts are the client's options, applied after those for the sandbox.
func startSite(t *testing.T, opts ...byzantine.Option) *site {
	t.Helper()
	s := &site{t: t, api: byzantinetest.NewServer(), sessions: map[string]*session{}}
	t.Cleanup(s.api.Close)
	s.client = s.api.Client(opts...)

	csrf := http.NewCrossOriginProtection()
	csrf.SetDenyHandler(http.HandlerFunc(s.deny))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /passkey/code", s.signedIn(s.sendCode))
	mux.HandleFunc("POST /passkey/options", s.signedIn(s.checkCode))
	mux.HandleFunc("POST /passkey/finish", s.signedIn(s.finish))
	pages, err := fs.Sub(files, "site")
	require.NoError(t, err)
	mux.Handle("GET /", http.FileServerFS(pages))
	mux.HandleFunc("GET /passkey.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "passkey.js", time.Time{}, strings.NewReader(module.Module))
	})
	s.server = httptest.NewServer(s.secure(csrf.Handler(mux)))
	t.Cleanup(s.server.Close)

	s.origin = localhost(s.server)
	s.rp = &passkey.RelyingParty{ID: "localhost", Name: "Example", Origins: []string{s.origin}}
	return s
}

// localhost returns the origin of a test server with the host name localhost, which browsers require for passkeys
// without TLS.
func localhost(server *httptest.Server) string {
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// mirror serves the same site on another port and returns its origin.
func (s *site) mirror(t *testing.T) (origin string) {
	t.Helper()
	server := httptest.NewServer(s.server.Config.Handler)
	t.Cleanup(server.Close)
	return localhost(server)
}

// secure sets the security headers that a site which moves money needs.
func (s *site) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		if s.permissions != "" {
			w.Header().Set("Permissions-Policy", s.permissions)
		}
		next.ServeHTTP(w, r)
	})
}

// deny records and rejects a request that a page of another site has sent.
func (s *site) deny(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = append(s.denied, r.URL.Path+" "+r.Header.Get("Sec-Fetch-Site"))
	http.Error(w, "This request comes from another site.", http.StatusForbidden)
}

// signIn creates a user with an account and a session, and returns the session's cookie.
func (s *site) signIn(email string) (cookie string, u *session) {
	user := s.api.AddUser(byzantinetest.User{Email: email})
	account := s.api.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	s.mu.Lock()
	defer s.mu.Unlock()
	cookie = rand.Text()
	u = &session{AccountID: account.ID, UserID: user.ID, Email: email}
	s.sessions[cookie] = u
	return cookie, u
}

// code returns the code that was e-mailed last.
func (s *site) code(u *session) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.api.OTPCode(u.OTPID)
}

func (s *site) enrolledBy(u *session) []enrolled {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.enrolled), func(e enrolled) bool { return e.userID != u.UserID })
}

// refusals returns the errors with which FinishRegistration rejected responses in a user's session.
func (s *site) refusals(u *session) []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []error
	for _, r := range s.refused {
		if r.userID == u.UserID {
			list = append(list, r.err)
		}
	}
	return list
}

func (s *site) denials() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.denied)
}

// requests returns the requests that the API has received.
func (s *site) requests() requests { return s.api.Requests() }

type requests []byzantinetest.Request

func (r requests) operations() []string {
	var list []string
	for _, request := range r {
		list = append(list, string(request.OperationID))
	}
	return list
}

// outcomes returns for each request its operation, a blank and the status of its response.
func (r requests) outcomes() []string {
	var list []string
	for _, request := range r {
		list = append(list, fmt.Sprint(request.OperationID, " ", request.Status))
	}
	return list
}

// signedIn calls next with the session of a request, or responds with a 401 if there is none. Requests are handled one
// at a time, so no other request changes the session meanwhile.
func (s *site) signedIn(next func(http.ResponseWriter, *http.Request, *session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		cookie, err := r.Cookie(sessionCookie)
		if err != nil || s.sessions[cookie.Value] == nil {
			http.Error(w, "Please sign in.", http.StatusUnauthorized)
			return
		}
		next(w, r, s.sessions[cookie.Value])
	}
}
