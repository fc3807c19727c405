package demoapp

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

//go:embed templates
var templates embed.FS

const layout = "templates/layout.html"

// parsePages returns each page with the layout around it, by its name.
func parsePages() (map[string]*template.Template, error) {
	names, err := templates.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, name := range names {
		file := path.Join("templates", name.Name())
		if file == layout {
			continue
		}
		page, err := template.New(path.Base(layout)).Funcs(words).ParseFS(templates, layout, file)
		if err != nil {
			return nil, err
		}
		pages[strings.TrimSuffix(name.Name(), ".html")] = page
	}
	return pages, nil
}

// words are the functions of the templates.
var words = template.FuncMap{
	"amount": amount,
	"upper":  func(c any) string { return strings.ToUpper(fmt.Sprint(c)) },
	"chain":  chainName,
	"date":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
	"iso":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
}

// amount writes money for people: groups of three digits, two decimals at least.
func amount(d byzantine.Decimal) string {
	if d.Validate() != nil {
		return string(d)
	}
	sign, digits := "", string(d)
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		sign, digits = "-", rest
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	whole = cmp.Or(strings.TrimLeft(whole, "0"), "0")
	for len(fraction) < 2 {
		fraction += "0"
	}
	grouped := ""
	for len(whole) > 3 {
		grouped = "," + whole[len(whole)-3:] + grouped
		whole = whole[:len(whole)-3]
	}
	return sign + whole + grouped + "." + fraction
}

func chainName(c byzantine.ChainID) string {
	switch c {
	case byzantine.Base:
		return "Base"
	case byzantine.Ethereum:
		return "Ethereum"
	}
	return fmt.Sprintf("chain %d", c)
}

// view is what the layout shows, and in Page what the page does.
type view struct {
	Site   string
	Name   string // of the signed-in user; empty if there is none
	Path   string // to mark the place in the navigation
	Notice string
	Page   any
}

// render writes a page. A notice that waits for one is shown once.
func (a *app) render(w http.ResponseWriter, r *http.Request, status int, name string, page any) error {
	var notice string
	s, err := a.sessions.change(r, func(s *session) { notice, s.Notice = s.Notice, "" })
	if err != nil {
		return err
	}
	v := view{Site: a.RelyingParty.Name, Path: r.URL.Path, Notice: notice, Page: page}
	if s.SignedIn {
		v.Name = s.Name
	}
	var out bytes.Buffer
	if err := a.pages[name].Execute(&out, v); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(out.Bytes())
	return nil
}

// respond answers the page's script.
func respond(w http.ResponseWriter, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(text)
	return nil
}

// handler is a handler that may fail.
type handler func(w http.ResponseWriter, r *http.Request) error

// page shows an error as a page. Who is not signed in is led to where they can.
func (a *app) page(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		if errors.Is(err, errSignIn) {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		status, message := a.explain(r, err)
		if err := a.render(w, r, status, "problem", message); err != nil {
			a.Log.Error("no page for a problem", "err", err)
			http.Error(w, message, status)
		}
	})
}

// call shows an error as a text, which the page's script puts into the page.
func (a *app) call(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			status, message := a.explain(r, err)
			http.Error(w, message, status)
		}
	})
}

func (a *app) explain(r *http.Request, err error) (status int, message string) {
	status, message, unexpected := explain(err)
	if unexpected {
		a.Log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "status", status, "err", err)
	}
	return status, message
}
