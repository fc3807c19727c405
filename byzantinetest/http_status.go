package byzantinetest

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// StatusPath is where a [Sandbox] shows what it holds, on pages for browsers: the clock, the mailbox with the one-time
// codes, the requests with their verdicts, accounts, transactions, webhooks and faults. Their forms call the functions of
// the control API. The pages need no signature and no JavaScript; with JavaScript they follow what happens.
const StatusPath = "/_sandbox/"

const (
	maxShown      = 30      // of a kind, on one page
	maxShownBytes = 4 << 10 // of a request's body
	maxReload     = 3600    // seconds
)

// pageFiles holds the templates, the style sheet, the script and the icon.
//
//go:embed page
var pageFiles embed.FS

// pageKind is one of the pages.
type pageKind struct {
	pattern  string // below StatusPath
	template string // a file in the folder page
	section  string // the entry of the navigation that it belongs to
	// look takes what the page shows out of the sandbox. The page is written after it has returned, without a lock.
	look func(*Sandbox, *http.Request) (title string, content any, err error)
}

var pageKinds = []pageKind{
	{"{$}", "overview.html", "", (*Sandbox).overviewPage},
	{"mailbox", "mailbox.html", "mailbox", (*Sandbox).mailboxPage},
	{"requests", "requests.html", "requests", (*Sandbox).requestsPage},
	{"requests/{number}", "request.html", "requests", (*Sandbox).requestPage},
	{"accounts", "accounts.html", "accounts", (*Sandbox).accountsPage},
	{"accounts/{id}", "account.html", "accounts", (*Sandbox).accountPage},
	{"transactions", "transactions.html", "transactions", (*Sandbox).transactionsPage},
	{"transactions/{id}", "transaction.html", "transactions", (*Sandbox).transactionPage},
	{"webhooks", "webhooks.html", "webhooks", (*Sandbox).webhooksPage},
	{"webhooks/{id}", "delivery.html", "webhooks", (*Sandbox).deliveryPage},
	{"events", "events.html", "events", (*Sandbox).eventsPage},
	{"faults", "faults.html", "faults", (*Sandbox).faultsPage},
}

// pageTemplates are parsed when a page is first asked for.
var pageTemplates = sync.OnceValue(func() map[string]*template.Template {
	common := template.Must(template.New("").Funcs(pageFunctions).ParseFS(pageFiles, "page/layout.html", "page/parts.html"))
	all := map[string]*template.Template{}
	for _, name := range []string{"token.html", "missing.html"} {
		all[name] = template.Must(template.Must(common.Clone()).ParseFS(pageFiles, "page/"+name))
	}
	for _, kind := range pageKinds {
		all[kind.template] = template.Must(template.Must(common.Clone()).ParseFS(pageFiles, "page/"+kind.template))
	}
	return all
})

// routeStatus adds the pages to the mux.
func (s *Sandbox) routeStatus() {
	s.pages = http.NewServeMux()
	for _, kind := range pageKinds {
		handle := func(w http.ResponseWriter, r *http.Request) { s.servePage(w, r, kind) }
		s.pages.HandleFunc("GET "+StatusPath+kind.pattern, handle)
		s.mux.HandleFunc("GET "+StatusPath+kind.pattern, handle)
	}
	for name, contentType := range map[string]string{
		"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8", "page.svg": "image/svg+xml",
	} {
		content, err := fs.ReadFile(pageFiles, "page/"+name)
		if err != nil {
			panic(err) // it is embedded
		}
		s.mux.HandleFunc("GET "+StatusPath+name, func(w http.ResponseWriter, _ *http.Request) {
			writePage(w, http.StatusOK, contentType, content)
		})
	}
	s.mux.HandleFunc("POST "+StatusPath+"do/{control}", s.serveForm)
	s.mux.HandleFunc("POST "+StatusPath+"token", s.serveTokenForm)
}

// writePage writes a page with headers that block everything that it does not need, because it shows text of requests.
func writePage(w http.ResponseWriter, status int, contentType string, page []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	// Other sites learn nothing. The page's own forms have to come with their origin: browsers that send no Sec-Fetch-Site,
	// on a host name without TLS, send Origin: null with any stricter policy.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(page)
}

// page is what the layout shows. It shares nothing with the world that could change.
type page struct {
	Title, Section string
	Here           string // path and query of the page, without what the last form did
	Live           bool   // follows what happens, with JavaScript
	Clock          clockView
	Reload         int // seconds; 0 for a page that stands still
	Done           string
	Failure        *formFailure // nil if no form has failed
	Content        any
}

// Failed returns the error if the form that has failed is that of this control for the thing with this id, else "".
func (p *page) Failed(control, id string) string {
	if p.Failure == nil || p.Failure.control != control || p.Failure.values.Get("id") != id {
		return ""
	}
	return p.Failure.text
}

// Typed returns what was typed into a field of a form that has failed, and the usual value otherwise.
func (p *page) Typed(control, id, field, usual string) string {
	if p.Failed(control, id) == "" {
		return usual
	}
	return p.Failure.values.Get(field)
}

// errNotThere is the error of a page about something that the sandbox does not have.
var errNotThere = errors.New("not there")

// servePage writes a page. After a form that has failed it is the page of that form: see serveForm.
func (s *Sandbox) servePage(w http.ResponseWriter, r *http.Request, kind pageKind) {
	if !s.mayLook(w, r) {
		return
	}
	title, content, err := kind.look(s, r)
	status, name := http.StatusOK, kind.template
	if errors.Is(err, errNotThere) {
		status, name = http.StatusNotFound, "missing.html"
	} else if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p := s.newPage(r, kind.section, title, content)
	if p.Failure != nil {
		status = p.Failure.status
	}
	s.render(w, status, name, p)
}

// newPage fills in what all pages show.
func (s *Sandbox) newPage(r *http.Request, section, title string, content any) *page {
	query := r.URL.Query()
	clock, _ := s.clockView()
	p := &page{Title: title, Section: section, Clock: clock, Content: content, Live: skipped(query) == 0}
	p.Done = doneText(query.Get("done"), clock)
	query.Del("done")
	p.Here = (&url.URL{Path: r.URL.Path, RawQuery: query.Encode()}).String()
	p.Failure, _ = r.Context().Value(failureKey{}).(*formFailure)
	// Without the parameter, or with nonsense in it, the page stands still.
	reload, _ := strconv.Atoi(query.Get("reload"))
	p.Reload = min(max(reload, 0), maxReload)
	return p
}

func (s *Sandbox) render(w http.ResponseWriter, status int, name string, p *page) {
	var text bytes.Buffer
	if err := pageTemplates()[name].ExecuteTemplate(&text, "layout.html", p); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writePage(w, status, "text/html; charset=utf-8", text.Bytes())
}

// inspect lets look take what it needs out of the world. Calls to the API wait for it, so it takes a page's worth only.
func (s *Sandbox) inspect(look func(w *world)) {
	s.lock()
	defer s.unlock()
	look(s.world)
}

// failureKey is the context key of the form that has failed.
type failureKey struct{}

func withFailure(r *http.Request, f *formFailure) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), failureKey{}, f))
}

// skipped is how many of a list's newest the page leaves out: 0 if the parameter is not a positive number.
func skipped(query url.Values) int {
	n, _ := strconv.Atoi(query.Get("skip"))
	return max(n, 0)
}

// shown is a page of a list, the newest first.
type shown[T any] struct {
	Items   []T
	Skipped int
	Total   int
	here    url.URL // without the parameter skip
	size    int
}

// newest takes a page from the end of a list. It does not read the other elements.
func newest[S, T any](r *http.Request, list []S, size int, view func(S) T) shown[T] {
	p := shown[T]{Total: len(list), size: size, here: url.URL{Path: r.URL.Path}}
	query := r.URL.Query()
	p.Skipped = min(skipped(query), len(list))
	query.Del("skip")
	query.Del("done")
	p.here.RawQuery = query.Encode()
	end := len(list) - p.Skipped
	for _, thing := range slices.Backward(list[max(end-size, 0):end]) {
		p.Items = append(p.Items, view(thing))
	}
	return p
}

// First is the place of the page's first item in the list, counted from 1; Last is that of its last.
func (s shown[T]) First() int { return s.Skipped + 1 }
func (s shown[T]) Last() int  { return s.Skipped + len(s.Items) }

// Newest, Newer and Older are the addresses of the pages beside this one, empty if there is none.
func (s shown[T]) Newest() string {
	if s.Skipped == 0 {
		return ""
	}
	return s.at(0)
}

func (s shown[T]) Newer() string {
	if s.Skipped == 0 {
		return ""
	}
	return s.at(max(s.Skipped-s.size, 0))
}

func (s shown[T]) Older() string {
	if s.Last() >= s.Total {
		return ""
	}
	return s.at(s.Last())
}

func (s shown[T]) at(skip int) string {
	here, query := s.here, s.here.Query()
	if skip > 0 {
		query.Set("skip", strconv.Itoa(skip))
	}
	here.RawQuery = query.Encode()
	return here.String()
}

// parseUTC reads a time from a form: RFC 3339, or the date and time of a browser's field, which has no zone and is UTC.
func parseUTC(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
