package otelbyzantine

import (
	"context"
	"net/http"
	"net/url"
)

// HideURL returns a wrapper for byzantine.WithTransport. The RoundTripper that wrap returns, such as otelhttp's
// transport, then sees only the scheme and host of each request, and no path or query, because those of some operations
// hold ids and e-mail addresses. The request is sent with its whole URL:
//
//	byzantine.WithTransport(otelbyzantine.HideURL(func(next http.RoundTripper) http.RoundTripper {
//		return otelhttp.NewTransport(next)
//	}))
//
// The RoundTripper that wrap returns must pass the request on with the context that it gets, or with one derived from
// it.
func HideURL(wrap func(http.RoundTripper) http.RoundTripper) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return urlHider{wrap(urlRestorer{next})}
	}
}

// urlKey is the key of the URL in the context of a request.
type urlKey struct{}

type urlHider struct{ next http.RoundTripper }

func (h urlHider) RoundTrip(r *http.Request) (*http.Response, error) {
	hidden := r.WithContext(context.WithValue(r.Context(), urlKey{}, r.URL))
	hidden.URL = &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: "/"}
	response, err := h.next.RoundTrip(hidden)
	if response != nil {
		response.Request = r
	}
	return response, err
}

type urlRestorer struct{ next http.RoundTripper }

func (h urlRestorer) RoundTrip(r *http.Request) (*http.Response, error) {
	if original, ok := r.Context().Value(urlKey{}).(*url.URL); ok {
		restored := *r
		restored.URL = original
		r = &restored
	}
	return h.next.RoundTrip(r)
}
