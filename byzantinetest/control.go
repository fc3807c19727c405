package byzantinetest

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// ControlPath is the path of the control API, with which tests in any language can do everything that a Go test can do to a
// [Sandbox]. Its OpenAPI document is at ControlPath + "openapi.json". Requests are not signed; their host must be a
// loopback one or one of [WithAllowedHosts], they must not come from a web page of another origin, and all but that for the
// document need the token of [WithControlToken] if there is one.
const ControlPath = StatusPath + "api/"

// WithControlToken makes the control API require a token: Authorization: Bearer TOKEN. The pages at [StatusPath] ask for it
// in a form.
func WithControlToken(token string) Option {
	return func(s *Sandbox) error {
		if token == "" {
			return errors.New("WithControlToken: the token is empty")
		}
		s.controlToken = token
		return nil
	}
}

// control is a route of the control API. What it does is what a method of Sandbox does.
type control struct {
	name      string // operation id
	method    string
	path      string // below ControlPath
	goMethod  string // of Sandbox; empty for the software authenticators, which are package passkeytest's
	summary   string
	request   reflect.Type
	response  reflect.Type
	serveWith func(s *Sandbox, r *http.Request) (any, error)
}

// none is the request or response type of a route without input or output.
type none struct{}

// route makes a control of a function. The fields of Req have the tags path, query or json, and
// about for what the document says of them.
func route[Req, Res any](name, method, path, goMethod, summary string, do func(context.Context, *Sandbox, *Req) (Res, error)) control {
	schema := sync.OnceValue(func() *apiSchema { return bodySchema(reflect.TypeFor[Req]()) })
	return control{
		name: name, method: method, path: path, goMethod: goMethod, summary: summary,
		request: reflect.TypeFor[Req](), response: reflect.TypeFor[Res](),
		serveWith: func(s *Sandbox, r *http.Request) (any, error) {
			req := new(Req)
			if err := decodeControl(r, req, schema); err != nil {
				return nil, err
			}
			return do(r.Context(), s, req)
		},
	}
}

// routeControl adds the control API to the mux.
func (s *Sandbox) routeControl() {
	for _, c := range controls {
		s.mux.HandleFunc(c.method+" "+ControlPath+c.path, func(w http.ResponseWriter, r *http.Request) {
			if !s.hasToken(r) {
				w.Header().Set("WWW-Authenticate", "Bearer")
				writeControl(w, unauthorized("the control API needs the sandbox's token: Authorization: Bearer ...").response())
				return
			}
			writeControl(w, s.control(c, r))
		})
	}
	s.mux.HandleFunc("GET "+ControlPath+"openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		writeControl(w, fake.JSON(http.StatusOK, controlDocument()))
	})
}

func (s *Sandbox) hasToken(r *http.Request) bool {
	return s.controlToken == "" ||
		subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+s.controlToken)) == 1
}

func writeControl(w http.ResponseWriter, out fake.Response) {
	h := w.Header()
	if len(out.Body) > 0 {
		h.Set("Content-Type", jsonType)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(out.Status)
	w.Write(out.Body)
}

// control responds to a request. The methods of Sandbox panic on a mistake of a Go test; over HTTP the same text is an
// error.
func (s *Sandbox) control(c control, r *http.Request) (out fake.Response) {
	defer func() {
		if mistake := recover(); mistake != nil {
			text, _ := mistake.(string)
			if errtext.Trim(text) == text {
				panic(mistake)
			}
			out = badRequest("%s", c.mistake(errtext.Trim(text))).response()
		}
	}()
	value, err := c.serveWith(s, r)
	var exception *passkeytest.DOMException
	switch {
	case errors.As(err, &exception):
		return fake.JSON(http.StatusBadRequest, controlError{exception.Message, http.StatusBadRequest, exception.Name})
	case err != nil:
		rejection := badRequest("%s", strings.TrimPrefix(errtext.Trim(err.Error()), c.goMethod+": "))
		errors.As(err, &rejection)
		return rejection.response()
	case c.response == reflect.TypeFor[none]():
		return fake.Response{Status: http.StatusNoContent}
	}
	return fake.JSON(http.StatusOK, value)
}

// controlError is an error of the control API. Name is that of a DOMException, for the software authenticators.
type controlError struct {
	Error  string `json:"error"`
	Status int    `json:"status"`
	Name   string `json:"name,omitzero"`
}

// pathFields are the names that errors of Go methods have for a path parameter. mistake replaces them.
var pathFields = []string{"accountId", "transactionId", "beneficiaryId", "deliveryId", "vaultAddr"}

// mistake is the text of an error of the Go method, which begins with the name of a field as it is in the request.
func (c control) mistake(text string) string {
	text = strings.TrimPrefix(text, c.goMethod+": ")
	name, rest, _ := strings.Cut(text, ": ")
	for i := range c.request.NumField() {
		if path := c.request.Field(i).Tag.Get("path"); path != "" && slices.Contains(pathFields, name) {
			return path + ": " + rest
		}
	}
	return text
}

// The bounds of a page.
const (
	defaultControlLimit = 100
	maxControlLimit     = 1000
)

// controlPage returns a page of list, the newest first. It calls view only for the elements of that page. A limit of 0
// means the default.
func controlPage[S, T any](list []S, limit, offset int, view func(S) T) []T {
	limit = min(max(cmp.Or(limit, defaultControlLimit), 1), maxControlLimit)
	end := max(len(list)-max(offset, 0), 0)
	page := []T{}
	for _, thing := range slices.Backward(list[max(end-limit, 0):end]) {
		page = append(page, view(thing))
	}
	return page
}
