package simulation

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"time"
)

// edgeFaults has the probability of each fault of the proxy in front of the API, for one request.
type edgeFaults struct {
	slow     float64 // the request or its response waits
	rejected float64 // the proxy responds and the API does not get the request
	lost     float64 // the API handles the request, and the proxy responds with an error of its own
	aborted  float64 // the proxy closes the connection, before or after the API handled the request
	mangled  float64 // the body of a success arrives changed
	endless  float64 // the response never ends: nothing comes, or 101, or a byte now and then
}

// edge is the proxy in front of the API. Its own clock dates every response.
type edge struct {
	world *World
	api   http.Handler
}

// ServeHTTP implements http.Handler.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.world.calls.reached(r.Header.Get(signatureHeader))
	r.Body = e.world.calls.checkSigned(r)
	random, faults := e.world.nextRequest()
	f := fate(random, faults)
	if t := &e.world.plan.trouble; faults != nil && t.meets(r) {
		t.apply(&f, random)
	}
	if f.before > 0 {
		e.world.instants.sleep(e.world.ctx, f.before) // the proxy does not notice when its client leaves
	}
	if f.endless != "" {
		e.world.trace.add("proxy", "response", f.endless+" without end")
		e.endless(w, r, f.endless)
		return
	}
	if f.abortBefore {
		panic(http.ErrAbortHandler)
	}
	if f.reject != 0 {
		e.respond(w, r, random, f.reject, f.throttle, nil, []byte(f.page))
		return
	}
	response := httptest.NewRecorder()
	e.api.ServeHTTP(response, r)
	if response.Code != http.StatusUnauthorized { // a success has to prove that the signature is valid
		if page := e.world.endlessPage(r); page != nil {
			e.respond(w, r, random, http.StatusOK, false, nil, page)
			return
		}
	}
	if f.after > 0 {
		e.world.instants.sleep(e.world.ctx, f.after)
	}
	status, body := response.Code, e.world.shortPage(r, e.world.history(r, response.Body.Bytes()))
	if r.Method != http.MethodGet {
		for _, found := range newSecrets.FindAllSubmatch(body, -1) {
			e.world.secrets.add("the "+string(found[1])+" of a response", string(found[2]))
		}
	}
	switch {
	case f.abortAfter:
		e.world.trace.add("proxy", "response", "lost")
		panic(http.ErrAbortHandler)
	case f.lose != 0:
		status, body = f.lose, []byte(f.page)
	case f.mangle && status/100 == 2 && len(body) > 0:
		var how string
		body, how = mangled(random, r.URL.Path, f.how, body)
		e.world.trace.add("proxy", "body of a success", how)
	}
	e.respond(w, r, random, status, false, response.Header(), body)
}

// endless begins a response that does not end while the client waits, for an hour at most.
func (e *edge) endless(w http.ResponseWriter, r *http.Request, kind string) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Hour)
	defer cancel()
	if kind == "101" && r.ProtoMajor == 1 { // HTTP/2 has no 101: nothing comes there
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: fog\r\n\r\n"))
		_ = conn.SetReadDeadline(time.Now().Add(time.Hour))
		_, _ = conn.Read(make([]byte, 1)) // until the client leaves
		return
	}
	for e.world.instants.sleep(ctx, 7*time.Second) {
		if kind == "drops" {
			if _, err := w.Write([]byte(" ")); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
		}
	}
}

func (e *edge) respond(w http.ResponseWriter, r *http.Request, random *rand.Rand, status int, throttle bool, header http.Header, body []byte) {
	for name, values := range header {
		w.Header()[name] = values
	}
	w.Header().Set("Date", time.Now().Add(e.world.proxyOff()).UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	// Proxies often close the connection after they have rejected a request.
	if luck := random.IntN(8); e.world.stormy() && (luck == 0 || luck < 6 && status/100 == 4) {
		w.Header().Set("Connection", "close")
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if random.IntN(2) == 0 || throttle {
			w.Header().Set("Retry-After", fmt.Sprint(1+random.IntN(45)))
		}
	case http.StatusSeeOther, http.StatusFound:
		w.Header().Set("Location", "http://elsewhere.example/")
	case http.StatusNoContent:
		w.Header().Del("Content-Length")
	}
	e.world.calls.responded(r.Header.Get(signatureHeader), status, w.Header().Get("Retry-After"))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// newSecrets finds in a response the secrets that the API has made. No error and no log may show them.
var newSecrets = regexp.MustCompile(`"(privateKey|sessionId)":"([^"]+)"`)

// requestFate is what the proxy does to one request.
type requestFate struct {
	before, after           time.Duration
	reject, lose            int // a status
	page                    string
	abortBefore, abortAfter bool
	mangle                  bool
	how                     string // odd or unreadable; either if empty
	throttle                bool   // the rejection says when to come again
	endless                 string // silence, 101 or drops
}

func fate(r *rand.Rand, faults *edgeFaults) (f requestFate) {
	luck := r.Float64()
	wait := between(r, 100*time.Millisecond, 50*time.Second)
	status := pick(r, 429, 500, 502, 503, 504, 302, 403, 413)
	// The API has handled the request by then, so the status must leave the outcome unknown.
	unknown := pick(r, 500, 502, 503, 504, 303, 408)
	first := r.IntN(2) == 0
	endless := pick(r, "silence", "101", "drops")
	f.page = pick(r, "", "upstream connect error", "<html><body><h1>Bad Gateway</h1></body></html>", `{"error":"try again later"}`)
	if faults == nil {
		return f
	}
	if luck < faults.slow {
		if first {
			f.before = wait
		} else {
			f.after = wait
		}
		return f
	}
	luck -= faults.slow
	switch {
	case luck < faults.rejected:
		f.reject = status
	case luck < faults.rejected+faults.lost:
		f.lose = unknown
	case luck < faults.rejected+faults.lost+faults.aborted:
		f.abortBefore, f.abortAfter = first, !first
	case luck < faults.rejected+faults.lost+faults.aborted+faults.mangled:
		f.mangle = true
	case luck < faults.rejected+faults.lost+faults.aborted+faults.mangled+faults.endless:
		f.endless = endless
	}
	return f
}
