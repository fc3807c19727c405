package byzantinetest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// journalEntries are the requests so far, the oldest first. They do not change any more.
func (s *Sandbox) journalEntries() []*Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.journal.Requests())
}

// outcome is how a request ended, in a word.
type outcome string

const (
	outcomeSuccess  outcome = "success"
	outcomeRejected outcome = "rejected"
	outcomeError    outcome = "error"
	outcomeFault    outcome = "fault"
)

// outcomes are in the order in which they are drawn.
var outcomes = []outcome{outcomeSuccess, outcomeRejected, outcomeError, outcomeFault}

// Meaning says what the outcome stands for.
func (o outcome) Meaning() string {
	switch o {
	case outcomeSuccess:
		return "2xx"
	case outcomeRejected:
		return "4xx"
	case outcomeError:
		return "5xx"
	}
	return "set by a test"
}

// outcome is how the request ended.
func (r *Request) outcome() outcome {
	switch {
	case r.Status == 0, r.faulty:
		return outcomeFault
	case r.Status >= 500:
		return outcomeError
	case r.Status >= 400:
		return outcomeRejected
	}
	return outcomeSuccess
}

// requestLine is a request in a list.
type requestLine struct {
	*Request
	Outcome outcome
}

func (r *Request) line() *requestLine { return &requestLine{r, r.outcome()} }

// Code is the status as it is shown.
func (r *requestLine) Code() string {
	if r.Status == 0 {
		return string(outcomeFault)
	}
	return strconv.Itoa(r.Status)
}

// requestFilter selects requests. An empty field selects all.
type requestFilter struct {
	Method  string
	Text    string // of the path, the query or the operation id, in any letter case
	Outcome outcome
	Verdict string // a part of the verdict, in any letter case
}

func requestFilterOf(query url.Values) requestFilter {
	return requestFilter{
		strings.ToUpper(strings.TrimSpace(query.Get("method"))), strings.TrimSpace(query.Get("text")),
		outcome(strings.TrimSpace(query.Get("outcome"))), strings.TrimSpace(query.Get("verdict")),
	}
}

// Any says whether the filter leaves something out.
func (f requestFilter) Any() bool { return f != requestFilter{} }

func (f requestFilter) matches(r *Request) bool {
	return (f.Method == "" || r.Method == f.Method) &&
		(f.Outcome == "" || r.outcome() == f.Outcome) &&
		(f.Text == "" || containsFold(r.URI, f.Text) || containsFold(string(r.OperationID), f.Text)) &&
		(f.Verdict == "" || containsFold(r.Verdict, f.Verdict))
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// requestListPage is what the page that lists the requests shows.
type requestListPage struct {
	Filter   requestFilter
	Methods  []string
	Outcomes []outcome
	Requests shown[*requestLine]
	Held     int // in the journal
	Plot     *requestPlot
}

func (s *Sandbox) requestsPage(r *http.Request) (string, any, error) {
	all := s.journalEntries()
	view := &requestListPage{
		Filter: requestFilterOf(r.URL.Query()), Held: len(all), Outcomes: outcomes,
		Methods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
	}
	matching := all
	if view.Filter.Any() {
		matching = nil
		for _, request := range all {
			if view.Filter.matches(request) {
				matching = append(matching, request)
			}
		}
	}
	view.Requests = newest(r, matching, maxShown, (*Request).line)
	view.Plot = newRequestPlot(matching)
	return "Requests", view, nil
}

// requestDetails is the page of one request.
type requestDetails struct {
	*requestLine
	Headers   http.Header
	BodyText  string
	Answer    string
	Signed    string       // the beginning of what the signature has to cover, if it was rejected
	SignedCut bool         // there is more of it
	Compared  *markedTexts // nil if it is not known what was signed
	Newer     int64        // numbers of the requests beside it; 0 if there is none
	Older     int64
}

func (s *Sandbox) requestPage(r *http.Request) (string, any, error) {
	number, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	all := s.journalEntries()
	i, found := slices.BinarySearchFunc(all, number, func(r *Request, n int64) int { return int(r.Number - n) })
	if err != nil || !found {
		return "Request", nil, errNotThere
	}
	request := all[i]
	view := &requestDetails{
		requestLine: request.line(), Headers: shownHeader(request.Header),
		BodyText: shownText(request.Body), Answer: shownResponse(request.Response),
	}
	if i > 0 {
		view.Older = all[i-1].Number
	}
	if i+1 < len(all) {
		view.Newer = all[i+1].Number
	}
	if request.ExpectedBytes > 0 {
		view.Signed, view.SignedCut = shownText(request.SignedText()), request.BodyBytes > len(request.Body)
	}
	if request.Difference != nil {
		view.Compared = markDifference(request.Difference)
	}
	return fmt.Sprintf("Request %d", request.Number), view, nil
}

// markedTexts are two texts with the first place at which they differ.
type markedTexts struct {
	Hint             string
	Offset           int
	Expected, Signed markedText
}

// markedText is a part of a text around a place.
type markedText struct {
	Cut    bool // something is left out in front
	Before string
	At     string // what stands there, in visible signs
	After  string
}

func markDifference(d *Difference) *markedTexts {
	at := min(d.Offset, aroundBytes/2)
	return &markedTexts{d.Hint, d.Offset, markText(d.Expected, at, d.Offset > at), markText(d.Signed, at, d.Offset > at)}
}

// markText marks the character at an offset, or the end of the text.
func markText(text []byte, at int, cut bool) markedText {
	at = min(at, len(text))
	m := markedText{Cut: cut, Before: shownText(text[:at])}
	if at == len(text) {
		m.At = "(ends here)"
		return m
	}
	sign, size := utf8.DecodeRune(text[at:])
	m.After = shownText(text[at+size:])
	switch {
	case sign == ' ':
		m.At = "\u2423"
	case sign == '\n':
		m.At = "\\n"
	case unicode.IsControl(sign), unicode.IsSpace(sign):
		m.At = fmt.Sprintf("\\x%02x", sign)
	default:
		m.At = string(sign)
	}
	return m
}
