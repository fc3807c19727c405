package demoapp

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

//go:embed templates
var templates embed.FS

const layout = "templates/layout.html"

// parsePages returns each page with the layout around it, by its name.
func parsePages(a *assets) (map[string]*template.Template, error) {
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
		page, err := template.New(path.Base(layout)).Funcs(words(a)).ParseFS(templates, layout, file)
		if err != nil {
			return nil, err
		}
		pages[strings.TrimSuffix(name.Name(), ".html")] = page
	}
	return pages, nil
}

// words returns the functions that the templates call.
func words(a *assets) template.FuncMap {
	return template.FuncMap{
		"amount": amount,
		"asset":  a.path,
		"upper":  func(c any) string { return strings.ToUpper(fmt.Sprint(c)) },
		"chain":  chainName,
		"date":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
		"iso":    isoTime,
	}
}

// isoTime formats a time for the page's script, which shows it in the user's time zone; empty for the zero time.
func isoTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func chainName(c byzantine.ChainID) string {
	switch c {
	case byzantine.ChainBase:
		return "Base"
	case byzantine.ChainEthereum:
		return "Ethereum"
	}
	return fmt.Sprintf("chain %d", c)
}

// view is the data of a template: what the layout shows, and in Page what the page itself shows.
type view struct {
	Site   string
	Name   string // of the signed-in user; empty if there is none
	UserID string // of the signed-in user: the script keeps what one user types apart from what others type in the same browser
	Path   string // path of this page, so that the navigation can mark its entry
	Notice string
	Page   any
}

// render writes the page with this name. It shows the session's notice and removes it from the session, so that it is
// shown once.
func (a *app) render(w http.ResponseWriter, r *http.Request, status int, name string, page any) error {
	var notice string
	s, err := a.sessions.change(r, func(s *session) { notice, s.Notice = s.Notice, "" })
	if err != nil {
		return err
	}
	v := view{Site: a.RelyingParty.Name, Path: r.URL.Path, Notice: notice, Page: page}
	if s.SignedIn {
		v.Name, v.UserID = s.Name, s.UserID
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

// respond writes value as JSON, for the page's script.
func respond(w http.ResponseWriter, status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text)
	return nil
}

// handler is an HTTP handler that may return an error, which the methods page and call of app show.
type handler func(w http.ResponseWriter, r *http.Request) error

// page makes a handler whose errors are shown as a page. A visitor who must be signed in and is not is redirected to
// the sign-in page, and after a GET back from there.
func (a *app) page(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		if errors.Is(err, errSignIn) {
			to := "/"
			if r.Method == http.MethodGet {
				to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
			return
		}
		p := a.explain(r, err)
		if err := a.render(w, r, p.status, "problem", p.message); err != nil {
			a.Log.Error("no page for a problem", "err", err)
			http.Error(w, p.message, p.status)
		}
	})
}

// call makes a handler for the page's script. An error is sent to the script as JSON; the script shows it, next to the
// form's field that it names, if any.
func (a *app) call(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			p := a.explain(r, err)
			respond(w, p.status, map[string]string{"message": p.message, "field": p.field})
		}
	})
}

func (a *app) explain(r *http.Request, err error) *problem {
	shown, unexpected := explain(err)
	if unexpected {
		a.Log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "status", shown.status, "err", err)
	}
	return shown
}
