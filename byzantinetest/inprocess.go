package byzantinetest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
)

// InProcess returns a transport that calls the handler for each request, in the goroutine of the request and without a
// network. It is for tests in a bubble of testing/synctest, where a real connection would keep the bubble's clock from
// moving: with a [Sandbox] as the handler it carries the requests of a client, and with a webhook receiver as the
// handler it is one for [WithWebhookTransport].
//
//	client, err := byzantine.NewClient(sandbox.Key(), byzantine.WithClock(sandbox.Now),
//		byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(sandbox)}))
//
// A handler that panics with [http.ErrAbortHandler], as the faults Reset and Truncate do, cuts the connection: the
// request fails, or the response ends with io.ErrUnexpectedEOF. Any other panic reaches the caller. The response arrives
// when the handler has returned, and a request whose context has ended by then fails. It is safe for concurrent use if
// the handler is.
func InProcess(handler http.Handler) http.RoundTripper { return inProcess{handler} }

type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	incoming := r.Clone(ctx)
	incoming.RequestURI = r.URL.RequestURI()
	if incoming.Host == "" {
		incoming.Host = r.URL.Host
	}
	if incoming.Body == nil {
		incoming.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	whole := p.serve(recorder, incoming)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !whole && recorder.Body.Len() == 0 && !recorder.Flushed {
		return nil, fmt.Errorf("byzantinetest: the handler cut the connection: %w", io.ErrUnexpectedEOF)
	}
	response := recorder.Result()
	response.Request = r
	if !whole {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(response.Body, cutReader{}), response.Body}
	}
	return response, nil
}

// serve reports whether the handler has written the whole response.
func (p inProcess) serve(w http.ResponseWriter, r *http.Request) (whole bool) {
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			panic(v)
		}
	}()
	p.handler.ServeHTTP(w, r)
	return true
}

// cutReader is the end of a response that was cut.
type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
