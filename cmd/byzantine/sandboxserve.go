package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/demoapp/demo"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// handler serves the API and its status page, and an application at all other paths.
// A signed request at another path comes from a client with a wrong path, such as one without /v1: the sandbox rejects and
// logs it.
func handler(sandbox, application http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/", sandbox)
	mux.Handle("/api-docs/", sandbox)
	mux.Handle(byzantinetest.StatusPath, sandbox)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Signature") != "" {
			sandbox.ServeHTTP(w, r)
			return
		}
		application.ServeHTTP(w, r)
	})
	return mux
}

// defaultOrigin is where a browser on this machine finds the application. Browsers allow passkeys without TLS on localhost
// only.
func defaultOrigin(addr net.Addr) (string, error) {
	_, port, err := net.SplitHostPort(addr.String())
	return strings.TrimSuffix("http://localhost:"+port, ":80"), err // browsers leave the default port out
}

// demoApplication is an example of a web application, for users of the sandbox who have no backend yet.
func demoApplication(sandbox *byzantinetest.Sandbox, url, origin string, log *slog.Logger) (http.Handler, error) {
	client, err := byzantine.NewClient(sandbox.Key(), byzantine.WithBaseURL(url), byzantine.WithInsecureHTTP(), byzantine.WithClock(sandbox.Now))
	if err != nil {
		return nil, err
	}
	application, err := demo.New(sandbox, client, origin, log)
	if err != nil {
		return nil, usagef("-origin: %v", errtext.Bare(err))
	}
	return application, nil
}

// serveUntil ends the server with the context, after the requests that are in progress, unless they take too long.
func serveUntil(ctx context.Context, server *http.Server, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	const patience = 5 * time.Second
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := server.Shutdown(soon); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off after %s", patience), server.Close())
	}
	return nil
}

// baseURL is where a client on this machine finds a listener.
func baseURL(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil { // not with TCP
		return "http://" + addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
