package byzantinetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// doneTexts are the controls that pages have forms for, and what is said when one has succeeded.
var doneTexts = map[string]string{
	"advanceClock":     "The clock was moved forward.",
	"setClock":         "The clock was set.",
	"freezeClock":      "The clock runs.", // or see doneText
	"approve":          "The customer is active now.",
	"setStatus":        "The verification has its new status.",
	"activate":         "The account can transact on the chain now.",
	"fund":             "The money has arrived.",
	"failTransaction":  "The transaction has ended.",
	"settleWithdrawal": "The vault has paid the withdrawal.",
	"addFault":         "The fault is on.",
	"clearFaults":      "The faults are off.",
	"deliverWebhooks":  "Every delivery that was due has its response.",
	"retryDelivery":    "The delivery was sent again.",
	"reset":            "The sandbox is empty.",
}

// doneText is what a page says of the form that was sent last. It does not repeat what is in the address.
func doneText(control string, clock clockView) string {
	if control == "freezeClock" && clock.Frozen {
		return "The clock stands still."
	}
	return doneTexts[control]
}

// formFailure is a form that was sent and has failed.
type formFailure struct {
	control string
	status  int
	text    string
	values  url.Values
}

// maxFormBytes is far above what somebody types.
const maxFormBytes = 64 << 10

// serveForm calls the route of the control API that the form is for. It redirects to the form's page, which says that it
// was done; if it fails, it responds with that page and the error.
func (s *Sandbox) serveForm(w http.ResponseWriter, r *http.Request) {
	if !s.mayLook(w, r) {
		return
	}
	name := r.PathValue("control")
	i := slices.IndexFunc(controls, func(c control) bool { return c.name == name })
	if doneTexts[name] == "" || i < 0 {
		http.NotFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	back := ownPage(r.PostForm.Get("back"))
	r.PostForm.Del("back")
	if f := s.callControl(controls[i], r); f != nil {
		again := r.Clone(r.Context())
		again.Method, again.URL = http.MethodGet, back
		s.pages.ServeHTTP(w, withFailure(again, f))
		return
	}
	query := back.Query()
	query.Set("done", name)
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

// ownPage is the page that a form names as its own, or the overview if that is no page below StatusPath.
func ownPage(text string) *url.URL {
	back, err := url.Parse(text)
	if err != nil || back.Host != "" || back.Scheme != "" || !strings.HasPrefix(back.Path, StatusPath) || strings.Contains(back.Path, "..") {
		return &url.URL{Path: StatusPath}
	}
	return &url.URL{Path: back.Path, RawQuery: back.RawQuery}
}

// callControl calls a route of the control API with the fields of a form, as a request in JSON would. It returns nil for a
// success.
func (s *Sandbox) callControl(c control, r *http.Request) *formFailure {
	failed := func(status int, text string) *formFailure { return &formFailure{c.name, status, text, r.PostForm} }
	request, err := controlRequest(c, r)
	if err != nil {
		return failed(http.StatusBadRequest, err.Error())
	}
	out := s.control(c, request)
	if out.Status < 300 {
		return nil
	}
	var problem controlError
	json.Unmarshal(out.Body, &problem) // which this package has written
	return failed(out.Status, strings.TrimPrefix(problem.Error, c.goMethod+": "))
}

// controlRequest writes a form as a request to the control API. An empty field is one that is left out.
func controlRequest(c control, r *http.Request) (*http.Request, error) {
	request := r.Clone(r.Context())
	body, query := map[string]any{}, url.Values{}
	form := url.Values{}
	for name, values := range r.PostForm {
		if values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return strings.TrimSpace(v) == "" }); len(values) > 0 {
			form[name] = values
		}
	}
	for i := range c.request.NumField() {
		field := c.request.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch in, parameter := field.Tag.Get("path"), field.Tag.Get("query"); {
		case in != "":
			request.SetPathValue(in, strings.TrimSpace(form.Get(in)))
			form.Del(in)
		case parameter != "":
			if form.Has(parameter) {
				query[parameter] = form[parameter]
			}
			form.Del(parameter)
		case form.Has(name):
			value, err := formValue(field.Type, form[name])
			if err != nil {
				return nil, badRequest("%s: %v", name, err)
			}
			body[name] = value
			form.Del(name)
		}
	}
	for name := range form {
		return nil, badRequest("%s: there is no such field", name)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request.Method, request.URL = c.method, &url.URL{Path: ControlPath + c.path, RawQuery: query.Encode()}
	request.Body, request.ContentLength = io.NopCloser(strings.NewReader(string(text))), int64(len(text))
	return request, nil
}

// formValue turns the texts of a form's field into what stands in JSON for a type.
func formValue(t reflect.Type, values []string) (any, error) {
	text := strings.TrimSpace(values[0])
	switch {
	case t == reflect.TypeFor[time.Time]():
		if at, ok := parseUTC(text); ok {
			return at, nil
		}
		return nil, badRequest("must be a date and a time in UTC, such as 2026-09-01 12:00")
	case t == reflect.TypeFor[headerTexts]():
		return formHeader(strings.Join(values, "\n"))
	case t == reflect.TypeFor[byzantine.Decimal]():
		if _, err := byzantine.ParseDecimal(text); err != nil {
			return nil, badRequest("must be a decimal number such as 1250.50: %s", strings.TrimPrefix(err.Error(), "byzantine: decimal: "))
		}
		return text, nil
	}
	if value, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler); ok {
		return text, value.UnmarshalText([]byte(text))
	}
	switch t.Kind() {
	case reflect.Bool:
		return text == "on" || text == "true", nil
	case reflect.Slice:
		list := []any{}
		for _, part := range strings.FieldsFunc(strings.Join(values, ","), func(r rune) bool { return r == ',' || r == '\n' }) {
			value, err := formValue(t.Elem(), []string{part})
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, badRequest("must be an integer")
		}
		return n, nil
	}
	return text, nil
}

// formHeader reads lines such as "Retry-After: 1".
func formHeader(text string) (http.Header, error) {
	header := http.Header{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, found := strings.Cut(line, ":")
		if !found || strings.TrimSpace(name) == "" {
			return nil, badRequest("must be lines such as Retry-After: 1")
		}
		header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return header, nil
}

// tokenCookie is the cookie by which a browser shows that somebody has typed the token of [WithControlToken]. It does not
// hold the token. A browser sends a host's cookies to all ports, so sandboxes with different tokens use different names.
func (s *Sandbox) tokenCookie() (name, value string) {
	key := sha256.Sum256([]byte(s.controlToken)) // FIPS 140-3 allows no key as short as a token may be
	mac := func(of string) string {
		h := hmac.New(sha256.New, key[:])
		h.Write([]byte(of))
		return hex.EncodeToString(h.Sum(nil))
	}
	return "byzantine_sandbox_" + mac("name")[:8], mac("the sandbox's page")
}

// mayLook says whether the request has the sandbox's token, or needs none. If not, it responds with the form for the token.
func (s *Sandbox) mayLook(w http.ResponseWriter, r *http.Request) bool {
	if s.hasToken(r) {
		return true
	}
	name, value := s.tokenCookie()
	cookie, err := r.Cookie(name)
	if err == nil && subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(value)) == 1 {
		return true
	}
	s.askForToken(w, r, http.StatusUnauthorized, "")
	return false
}

func (s *Sandbox) askForToken(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	back := &url.URL{Path: StatusPath}
	if r.Method == http.MethodGet {
		back = ownPage(r.URL.RequestURI())
	}
	s.render(w, status, "token.html", &page{Title: "Token", Section: "token", Here: back.String(), Content: wrong})
}

func (s *Sandbox) serveTokenForm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	typed := strings.TrimSpace(r.PostFormValue("token"))
	if s.controlToken == "" || subtle.ConstantTimeCompare([]byte(typed), []byte(s.controlToken)) != 1 {
		s.askForToken(w, r, http.StatusUnauthorized, "This is not the sandbox's token.")
		return
	}
	name, value := s.tokenCookie()
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: StatusPath, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, ownPage(r.PostFormValue("back")).String(), http.StatusSeeOther)
}
