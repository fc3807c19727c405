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
	maxIdle     = 30 * time.Minute // without a request a session ends
	maxLifetime = 12 * time.Hour   // after sign-in a session ends

	// mayBeLate is how long after its submission a transaction may be missing at the API and still arrive.
	mayBeLate = 30 * time.Second
)

// session is what the server keeps about one browser. It connects a passkey and a transaction with a user, so nothing
// in it may come from the page without a check.
type session struct {
	// The user. Until SignedIn is set, the identity is only claimed. The ids are empty if the address is not a
	// customer's.
	Email, Name, UserID, AccountID string
	SignedIn                       bool

	Next          string    // path of the page to go to after sign-in
	OTPID         string    // of the code that was e-mailed; empty if none was
	OTPAttempts   int       // number of wrong codes that were entered for it
	OTPSessionID  string    // the API's session after the right code; it allows to add passkeys
	OTPSessionEnd time.Time // when that session ends; zero if the API did not say

	Registration *passkey.RegistrationState // while a passkey is being created
	PasskeyName  string                     // the name that it gets
	Draft        *passkey.Draft             // while a transaction is being signed; one for all tabs, because a new draft ends the former one at the API
	Proposal     *proposal                  // while an invitation or a change of roles is being signed
	Last         submission                 // the last transaction that was submitted
	Notice       string                     // shown on the next page
}

// submission is a transaction that was sent to the API.
type submission struct {
	TransactionID   string
	At              time.Time
	WithoutResponse bool // no response came, so it is unknown whether the API has received it
}

// late reports whether the transaction was sent so long ago that, if the API does not have it, it never arrived.
func (s submission) late() bool { return time.Since(s.At) >= mayBeLate }

// sessions stores sessions as JSON, as a database would, so everything in a session must survive JSON.
type sessions struct {
	secure bool   // the site uses https
	port   string // of the site, empty for the default one; part of the cookie's name, because browsers send cookies to all ports of a host

	mu  sync.Mutex // guards all
	all map[string]*stored
}

type stored struct {
	data          []byte
	started, used time.Time
}

// newSessions returns the sessions for the site with this origin.
func newSessions(origin string) *sessions {
	s := &sessions{secure: true, all: map[string]*stored{}}
	if u, err := url.Parse(origin); err == nil { // the relying party's Validate has parsed it
		s.secure, s.port = u.Scheme != "http", u.Port()
	}
	return s
}

// cookie returns the session's cookie with a value. With https its name has the prefix __Host-, so that other hosts of
// the domain cannot set it.
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

// start begins a session with a new id and sets the cookie. The session that the browser had before ends.
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

// end ends the session of a request and removes the cookie.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(r)
	gone := s.cookie("")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
}

// change reads the session of a request, calls the function with it, stores the result and returns it. Concurrent
// requests of one browser are handled one after the other, so what one of them removes from the session the other does
// not see. If there is no session, it returns an empty one and does not call the function.
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

// get returns the session of a request, empty if there is none.
func (s *sessions) get(r *http.Request) (session, error) {
	return s.change(r, func(*session) {})
}

// find returns the session of a request, nil if there is none or it has expired. The caller holds the lock.
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
