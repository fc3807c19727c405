package byzantinetest

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/byzantine-finance/byzantine-go/internal/fake"
)

// handler handles one operation inside the world's lock. request is what newRequest made, filled.
type handler func(w *world, caller *credential, request any) (response, error)

// response is a success before it is written. Its value is written outside of the lock: what it points to is a copy, or is
// replaced as a whole and never changed.
type response struct {
	status int
	value  any // nil for no body
}

// on makes a handler of a method of the world whose success has always the same status.
func on[Req, Res any](status int, method func(*world, *Req) (*Res, error)) handler {
	return by(status, func(w *world, _ *credential, req *Req) (*Res, error) { return method(w, req) })
}

// by is like on, for a method that also gets the credential of the caller.
func by[Req, Res any](status int, method func(*world, *credential, *Req) (*Res, error)) handler {
	return func(w *world, caller *credential, request any) (response, error) {
		value, err := method(w, caller, request.(*Req))
		switch {
		case err != nil:
			return response{}, err
		case value == nil: // which is not a nil any
			return response{status: status}, nil
		}
		return response{status, value}, nil
	}
}

// nothing is what a method returns, as a nil pointer, for a response without a body.
type nothing struct{}

func (r response) response() fake.Response {
	if r.value == nil {
		return fake.Response{Status: r.status}
	}
	return fake.JSON(r.status, r.value)
}

// rejection is an error response of the API.
type rejection struct {
	status int
	text   string
}

func (e *rejection) Error() string { return e.text }

func reject(status int, format string, args ...any) *rejection {
	return &rejection{status, fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *rejection {
	return reject(http.StatusBadRequest, format, args...)
}

func unauthorized(format string, args ...any) *rejection {
	return reject(http.StatusUnauthorized, format, args...)
}

func notFound(format string, args ...any) *rejection {
	return reject(http.StatusNotFound, format, args...)
}

// rejectionOf turns an error that is none of the API's own into a 500.
func rejectionOf(err error) *rejection {
	var r *rejection
	if errors.As(err, &r) {
		return r
	}
	return reject(http.StatusInternalServerError, "%v", err)
}

func (e *rejection) response() fake.Response {
	out := fake.JSON(e.status, struct {
		Error  string `json:"error"`
		Status int    `json:"status"`
	}{e.text, e.status})
	out.Verdict = e.text
	return out
}
