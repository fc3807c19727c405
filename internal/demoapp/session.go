package demoapp

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go/passkey"
)

const (
	maxIdle     = 30 * time.Minute // without a request
	maxLifetime = 12 * time.Hour   // since sign-in

	// mayBeLate is how long the API may not show a transaction that was submitted.
	mayBeLate = 30 * time.Second
)

// session is what the server remembers of one browser. It is what ties a passkey and a transaction to a user, so nothing
// of it ever comes from the page.
type session struct {
	// The user, whose identity is only claimed until SignedIn. The ids are empty for an address of no customer.
	Email, Name, UserID, AccountID string
	SignedIn                       bool

	Next          string    // path of the page to go to after sign-in
	OTPID         string    // of the code that was sent
	OTPAttempts   int       // how often a wrong one was entered
	OTPSessionID  string    // of the code that was right: it allows to add passkeys
	OTPSessionEnd time.Time // zero if the API did not say

	Registration *passkey.RegistrationState // while a passkey is made
	PasskeyName  string                     // and how it will be called
	Draft        *passkey.Draft             // while a transaction is signed: one for all tabs, as the API has it
	Proposal     *proposal                  // while an invitation or a change of roles is signed
	Last         submission                 // the last transaction that was submitted
	Notice       string                     // for the next page
}

// submission is a transaction on its way to the API.
type submission struct {
	TransactionID   string
	At              time.Time
	WithoutResponse bool // it is unknown whether it arrived
}

// late says that a transaction which the API does not show by now never arrived.
func (s submission) late() bool { return time.Since(s.At) >= mayBeLate }

// sessions keeps sessions as JSON, which is what a database would get: whatever is in them has to survive that.
type sessions struct {
	secure bool   // the site has TLS
	port   string // of the site; empty for the default one. Cookies do not tell ports apart, so their name does

	mu  sync.Mutex // guards what follows
	all map[string]*stored
}

type stored struct {
	data          []byte
	started, used time.Time
}

// newSessions keeps the sessions of a site by its origin.
func newSessions(origin string) *sessions {
	s := &sessions{secure: true, all: map[string]*stored{}}
	if u, err := url.Parse(origin); err == nil { // the relying party's Validate has parsed it
		s.secure, s.port = u.Scheme != "http", u.Port()
	}
	return s
}

// cookie returns the session's cookie. The prefix lets no other host of the domain set it.
func (s *sessions) cookie(value string) *http.Cookie {
	c := &http.Cookie{Name: "session", Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if s.secure {
		c.Name, c.Secure = "__Host-session", true
	}
	if s.port != "" {
		c.Name += "-" + s.port
	}
	return c
}

// start begins a session under a new id. The browser's former id becomes invalid.
func (s *sessions) start(w http.ResponseWriter, r *http.Request, data session) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	id, now := rand.Text(), time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(r)
	for old, kept := range s.all {
		if kept.over(now) {
			delete(s.all, old)
		}
	}
	s.all[id] = &stored{text, now, now}
	http.SetCookie(w, s.cookie(id))
	return nil
}

// end signs the browser out.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(r)
	gone := s.cookie("")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
}

// change reads the session of a request and stores what the function makes of it. Two requests of one browser take turns,
// so what one takes out of the session the other does not find. Without a session it returns an empty one.
func (s *sessions) change(r *http.Request, change func(*session)) (session, error) {
	var data session
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.find(r)
	if kept == nil {
		return data, nil
	}
	if err := json.Unmarshal(kept.data, &data); err != nil {
		return session{}, err
	}
	change(&data)
	text, err := json.Marshal(data)
	if err != nil {
		return session{}, err
	}
	kept.data, kept.used = text, time.Now()
	return data, nil
}

// get reads the session of a request.
func (s *sessions) get(r *http.Request) (session, error) {
	return s.change(r, func(*session) {})
}

// find returns nil for a request without a session. The caller holds the lock.
func (s *sessions) find(r *http.Request) *stored {
	c, err := r.Cookie(s.cookie("").Name)
	if err != nil {
		return nil
	}
	kept := s.all[c.Value]
	if kept == nil || kept.over(time.Now()) {
		return nil
	}
	return kept
}

// forget ends the session of a request. The caller holds the lock.
func (s *sessions) forget(r *http.Request) {
	if c, err := r.Cookie(s.cookie("").Name); err == nil {
		delete(s.all, c.Value)
	}
}

func (s *stored) over(now time.Time) bool {
	return now.Sub(s.used) >= maxIdle || now.Sub(s.started) >= maxLifetime
}
