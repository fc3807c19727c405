package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

var listenCommand = command{
	name:    "listen",
	args:    "[-forward-to URL] [-events TYPE,...] [flags]",
	summary: "receive webhooks, verify and print them, and forward them to a program",
	help: `
Subscribes to webhooks until it is interrupted. The first line is "listening at URL; public key 0x...", printed when the
subscription exists: from then on nothing is missed. A line for each delivery follows. What is genuine is forwarded with
-forward-to, with its body and the headers that a verifier needs; the response goes back to the API, which delivers again if
it is no success. The subscription is deleted at the end.

  byzantine listen
  byzantine listen -forward-to http://localhost:3000/hooks -events customer.active,transaction.completed

The signature is verified, but not its age: the clock of a sandbox may be another one. The key is printed, because the
program that gets what is forwarded verifies with it, too.

A sandbox on this machine delivers to a port of this machine. Byzantine itself delivers to public https URLs only:
-public-url is that of a tunnel to the port of -addr.
`,
	prepare: func(flags *flag.FlagSet) action {
		var l listener
		l.api.declare(flags)
		flags.StringVar(&l.forwardTo, "forward-to", "", "`URL` to forward genuine deliveries to")
		flags.StringVar(&l.events, "events", "", "event `TYPES` with commas between them; all unless set")
		flags.StringVar(&l.addr, "addr", "127.0.0.1:0", "`HOST:PORT` to listen on; port 0 is any that is free")
		flags.StringVar(&l.publicURL, "public-url", "", "`URL` to subscribe, if it is not that of -addr")
		return func(ctx context.Context, p *process, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			return l.listen(ctx, p)
		}
	},
}

// listener receives webhooks.
type listener struct {
	api                                apiFlags
	forwardTo, events, addr, publicURL string

	lines     *log.Logger
	publicKey string        // of the subscription
	known     chan struct{} // closed when publicKey is known
}

func (l *listener) listen(ctx context.Context, p *process) (err error) {
	if l.forwardTo != "" {
		if u, err := url.Parse(l.forwardTo); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return usagef("-forward-to: must be an http or https URL")
		}
	}
	key, err := l.api.key.require(p)
	if err != nil {
		return err
	}
	client, err := l.api.client(p, key)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	port, err := config.Listen(ctx, "tcp", l.addr)
	if err != nil {
		return err
	}
	endpoint := l.publicURL
	if endpoint == "" {
		endpoint = baseURL(port.Addr()) + "/"
	}
	request := &byzantine.CreateWebhookSubscriptionRequest{URL: endpoint, Name: "byzantine listen"}
	for event := range strings.SplitSeq(l.events, ",") {
		if event = strings.TrimSpace(event); event != "" {
			request.EventTypes = append(request.EventTypes, byzantine.EventType(event))
		}
	}
	l.lines, l.known = log.New(p.stdout, "", 0), make(chan struct{})
	ended := make(chan error, 1)
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		ended <- serveUntil(serving, &http.Server{Handler: l, ReadHeaderTimeout: 10 * time.Second}, port)
	}()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()
	subscription, err := client.CreateWebhookSubscription(ctx, request)
	if err != nil {
		return fmt.Errorf("%w%s", err, l.api.hint(p.getenv, err))
	}
	l.publicKey = subscription.PublicKey
	close(l.known)
	l.lines.Printf("listening at %s; public key %s", endpoint, l.publicKey)
	<-ctx.Done()
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := client.DeleteWebhookSubscription(soon, subscription.Subscription.ID); err != nil {
		return fmt.Errorf("the subscription %s is left: %w", subscription.Subscription.ID, errtext.Bare(err))
	}
	return nil
}

// maxDelivery is larger than any delivery, in bytes.
const maxDelivery = 1 << 20

// ServeHTTP receives a delivery.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	<-l.known
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDelivery))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	verifier, err := webhook.NewVerifier([]webhook.Key{{PublicKey: l.publicKey}}, webhook.WithClock(func() time.Time { return signingTime(r.Header) }))
	if err != nil {
		http.Error(w, "the subscription's key cannot be read", http.StatusInternalServerError)
		return
	}
	delivery, err := verifier.Verify(r.Context(), r.Header, body)
	if err != nil {
		l.lines.Println(printable(fmt.Sprintf("%s rejected: %v", time.Now().Format(time.TimeOnly), err)))
		http.Error(w, "not a genuine delivery", http.StatusBadRequest)
		return
	}
	event, err := delivery.Event()
	if err != nil {
		l.lines.Println(printable(fmt.Sprintf("%s genuine, but its event cannot be read: %v", time.Now().Format(time.TimeOnly), err)))
		http.Error(w, "the event cannot be read", http.StatusBadRequest)
		return
	}
	line := fmt.Sprintf("%s %s %s", time.Now().Format(time.TimeOnly), event.Type, delivery.EventID)
	if l.forwardTo == "" {
		l.lines.Println(printable(line))
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status, text, err := l.forward(r, body)
	if err != nil {
		l.lines.Println(printable(fmt.Sprintf("%s -> not forwarded: %v", line, err)))
		http.Error(w, "the receiver does not respond", http.StatusBadGateway)
		return
	}
	l.lines.Println(printable(fmt.Sprintf("%s -> %d", line, status)))
	w.WriteHeader(status)
	w.Write(text)
}

// forward sends a delivery on and returns the response.
func (l *listener) forward(r *http.Request, body []byte) (status int, text []byte, err error) {
	request, err := http.NewRequestWithContext(r.Context(), r.Method, l.forwardTo, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Byzantine-") || name == "Content-Type" || name == "User-Agent" {
			request.Header[name] = values
		}
	}
	response, err := http.DefaultTransport.RoundTrip(request) // which follows no redirect
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	text, err = io.ReadAll(io.LimitReader(response.Body, maxDelivery))
	return response.StatusCode, text, err
}
