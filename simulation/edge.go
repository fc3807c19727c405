package simulation

import (
	"bytes"
	"fmt"
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
}

// edge is the proxy in front of the API. Its own clock dates every response.
type edge struct {
	world *World
	api   http.Handler
}

// ServeHTTP implements http.Handler.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	random, faults := e.world.nextRequest()
	f := fate(random, faults)
	if f.before > 0 {
		e.world.instants.sleep(e.world.ctx, f.before) // the proxy does not notice when its client leaves
	}
	if f.abortBefore {
		panic(http.ErrAbortHandler)
	}
	if f.reject != 0 {
		e.respond(w, r, random, f.reject, nil, []byte(f.page))
		return
	}
	response := httptest.NewRecorder()
	e.api.ServeHTTP(response, r)
	if f.after > 0 {
		e.world.instants.sleep(e.world.ctx, f.after)
	}
	status, body := response.Code, response.Body.Bytes()
	for _, found := range newSecrets.FindAllSubmatch(body, -1) {
		e.world.secrets.add("the "+string(found[1])+" of a response", string(found[2]))
	}
	switch {
	case f.abortAfter:
		e.world.trace.add("proxy", "response", "lost")
		panic(http.ErrAbortHandler)
	case f.lose != 0:
		status, body = f.lose, []byte(f.page)
	case f.mangle && status/100 == 2 && len(body) > 0:
		body = mangled(random, body)
		e.world.trace.add("proxy", "body of a success", "mangled")
	}
	e.respond(w, r, random, status, response.Header(), body)
}

func (e *edge) respond(w http.ResponseWriter, r *http.Request, random *rand.Rand, status int, header http.Header, body []byte) {
	for name, values := range header {
		w.Header()[name] = values
	}
	w.Header().Set("Date", time.Now().Add(e.world.proxyOff()).UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if random.IntN(2) == 0 {
			w.Header().Set("Retry-After", fmt.Sprint(1+random.IntN(45)))
		}
	case http.StatusSeeOther, http.StatusFound:
		w.Header().Set("Location", "http://elsewhere.example/")
	case http.StatusNoContent:
		w.Header().Del("Content-Length")
	}
	e.world.calls.answered(r.Header.Get(signatureHeader), status)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// newSecrets finds in a response what the API has made and nobody else may see.
var newSecrets = regexp.MustCompile(`"(privateKey|sessionId)":"([^"]+)"`)

// requestFate is what the proxy does to one request.
type requestFate struct {
	before, after           time.Duration
	reject, lose            int // a status
	page                    string
	abortBefore, abortAfter bool
	mangle                  bool
}

func fate(r *rand.Rand, faults *edgeFaults) (f requestFate) {
	luck := r.Float64()
	wait := between(r, 100*time.Millisecond, 50*time.Second)
	status := pick(r, 429, 500, 502, 503, 504, 302, 403, 413)
	// Only of these nobody knows whether the API got the request.
	unknown := pick(r, 500, 502, 503, 504, 303, 408)
	first := r.IntN(2) == 0
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
	}
	return f
}

// mangled is a body of JSON that is none any more.
func mangled(r *rand.Rand, body []byte) []byte {
	switch r.IntN(4) {
	case 0:
		return body[:len(body)-1-r.IntN(min(len(body)-1, 20)+1)]
	case 1:
		return append(bytes.Clone(body), body...)
	case 2:
		return append(bytes.Clone(body), "<!-- served by cache 7 -->"...)
	}
	return append([]byte("\x00"), body...)
}
