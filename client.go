package byzantine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/keyenv"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// The hosts of the API.
const (
	SandboxURL    = "https://sandbox.api.byzantine.fi"
	ProductionURL = "https://api.byzantine.fi" // moves real funds
)

// Client calls the Byzantine API. Make one per credential and share it: it is safe for concurrent use, and it keeps its
// connections open for later calls.
type Client struct {
	signer    Signer
	calls     *call.Caller
	authorize call.Authorize // signs with signer
}

// NewClient returns a client that signs with s: a [*PrivateKey], an HSM or KMS key through [NewSigner], or your own.
// It talks to the sandbox unless [WithBaseURL] says otherwise, because production moves real funds. A signer that is
// nil or has no P-256 key is an error, and so is an option that is nil or has an invalid value.
func NewClient(s Signer, opts ...Option) (*Client, error) {
	if s == nil {
		return nil, errors.New("byzantine: NewClient: no signer")
	}
	if _, err := signerPublicKeyHex(s); err != nil {
		return nil, fmt.Errorf("byzantine: NewClient: %w", err)
	}
	calls, err := call.New(SandboxURL, opts)
	if err != nil {
		return nil, fmt.Errorf("byzantine: NewClient: %w", err)
	}
	return &Client{signer: s, calls: calls, authorize: authorizeWith(s)}, nil
}

// BaseURL returns the scheme and host that the client sends requests to, such as "https://sandbox.api.byzantine.fi".
func (c *Client) BaseURL() string { return c.calls.BaseURL() }

// PublicKey returns the public key of the client's signer, a compressed P-256 point of 33 bytes (SEC 1). A signer that
// changes keys returns the present one.
func (c *Client) PublicKey() []byte { return bytes.Clone(c.signer.PublicKey()) }

// CloseIdleConnections closes the connections that no request uses at the moment. The client stays usable: its next
// request opens another. With [WithHTTPClient] these are the connections of that client's round tripper, which others
// may share.
func (c *Client) CloseIdleConnections() { c.calls.CloseIdleConnections() }

// authorizeWith signs requests with s, for internal/call.
func authorizeWith(s Signer) call.Authorize {
	rotation, _ := s.(*Rotation)
	return func(ctx context.Context, request *http.Request, body []byte, now time.Time) error {
		signer, err := s, error(nil)
		if rotation != nil {
			if signer, err = rotation.hold(ctx); err != nil { // ctx ends with the attempt
				return err
			}
		}
		signature, err := SignRequest(ctx, signer, now, request.Method, request.URL.RequestURI(), body)
		if err != nil {
			return err
		}
		signature.Apply(request.Header)
		return nil
	}
}

// NewClientFromEnv returns a client that takes its key from the environment: from BYZANTINE_PRIVATE_KEY or
// INTEGRATOR_PRIVATE_KEY (the name in Byzantine's examples), in any form that [ParsePrivateKey] reads, or from the file
// that BYZANTINE_PRIVATE_KEY_FILE names. It logs a warning if every user of the machine can read or change that file.
// Several of the variables may be set if they give the same key; different keys are an error, and so is no key at all.
//
// The base URL is that in BYZANTINE_BASE_URL, or the sandbox's if that is empty. Options override the environment.
func NewClientFromEnv(opts ...Option) (*Client, error) {
	key, exposed, err := keyenv.Read(os.Getenv, ParsePrivateKey)
	if err == nil && key == nil {
		err = errors.New("neither " + keyenv.Name + " nor " + keyenv.File + " is set")
	}
	if err != nil {
		return nil, fmt.Errorf("byzantine: NewClientFromEnv: %w", err)
	}
	if base := os.Getenv(keyenv.BaseURL); base != "" {
		opts = append([]Option{WithBaseURL(base)}, opts...)
	}
	client, err := NewClient(key, opts...)
	if err == nil && exposed {
		client.calls.Logger().Warn("byzantine: " + keyenv.Exposed)
	}
	return client, err
}

// Do calls a route that this package has no method for. pathAndQuery begins with /v1/ and is already escaped; it is
// signed and sent as it is. in is encoded as the JSON body (nil for none), and the response is decoded into out (nil to
// ignore it). If in is a json.RawMessage, the body is that text byte for byte; a json.RawMessage inside in loses the
// white space between its tokens and is otherwise unchanged.
//
// If out points to a type that a method of this package returns, such as []Transaction or TransactionPage, the response
// is read as that method reads it: an unreadable field is left zero and the rest is read, and elements that cannot be
// read are a *[PartialError]. Any other out is read by encoding/json, which rejects the whole response because of one
// unreadable field, since only you know which fields of your type matter. To get the bytes use a *json.RawMessage or
// [WithResponse].
//
// A payload that is read by Do was compared with no request: see [Payload].Operation.
//
// Signing, retries and errors are those of the methods. An invalid argument, such as a body on a GET, is a
// *[FieldError]. In Error.Path {} stands in place of each segment that may be an identifier.
func (c *Client) Do(ctx context.Context, method, pathAndQuery string, in, out any, opts ...CallOption) error {
	set, err := settingsOf(opts)
	if err != nil {
		return err
	}
	path, _, _ := strings.Cut(pathAndQuery, "?")
	switch {
	case method != http.MethodGet && method != http.MethodPost && method != http.MethodPut && method != http.MethodPatch && method != http.MethodDelete:
		return &FieldError{Field: "method", Reason: "must be GET, POST, PUT, PATCH or DELETE"}
	case !strings.HasPrefix(path, "/v1/"):
		return &FieldError{Field: "pathAndQuery", Reason: "must begin with /v1/"}
	case strings.ContainsFunc(pathAndQuery, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' || r == '\\' }):
		return &FieldError{Field: "pathAndQuery", Reason: "must be printable ASCII without blanks, # and \\"}
	case wire.HasDotSegment(path):
		return &FieldError{Field: "pathAndQuery", Reason: "must not hold dot segments"}
	case out != nil && (reflect.ValueOf(out).Kind() != reflect.Pointer || reflect.ValueOf(out).IsNil()):
		return &FieldError{Field: "out", Reason: "must be a pointer"}
	}
	request := wire.Request{PathAndQuery: pathAndQuery}
	if in != nil {
		if method == http.MethodGet {
			return &FieldError{Field: "in", Reason: "a GET has no body"}
		}
		body, err := wire.Marshal(in)
		if err != nil {
			return &FieldError{Field: "in", Reason: err.Error()}
		}
		request.Body = body
	}
	op := &Operation{Method: method, Path: withoutIdentifiers(path), Retryable: method == http.MethodGet, Signed: true}
	err = c.send(ctx, op, request, out, set)
	if payload, ok := out.(*Payload); ok { // only the methods compare a payload and say what it is for
		payload.Operation, payload.ChainID = "", 0
	}
	return err
}

// withoutIdentifiers replaces the identifiers in a path below /v1/ by {}, so that it looks like a path template.
// Segments that the API names itself have no digits.
func withoutIdentifiers(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments[2:] {
		if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-_") != "" {
			segments[2+i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// call makes the call of an operation. Every method uses it except Do, which calls send.
func (c *Client) call(ctx context.Context, op *Operation, in, out any, opts []CallOption) error {
	set, err := settingsOf(opts)
	if err != nil {
		return err
	}
	request, err := wire.Encode(op.Path, in)
	if err != nil {
		return (*FieldError)(wire.NameField(in, err))
	}
	return c.send(ctx, op, request, out, set)
}

// send makes a call with an encoded request and decodes the response.
func (c *Client) send(ctx context.Context, op *Operation, request wire.Request, out any, set callSettings) error {
	target, err := c.calls.URL(request.PathAndQuery)
	if err != nil {
		return &FieldError{Field: "pathAndQuery", Reason: err.Error()}
	}
	reads := op.Method == http.MethodGet
	r := call.Request{
		Operation: string(op.ID), Method: op.Method, Path: op.Path, URL: target, Body: request.Body,
		Reads: reads, Repeatable: op.Retryable, MaxAttempts: set.maxAttempts, Timeout: set.attemptTimeout, Header: set.header,
	}
	if op.Signed {
		r.Authorize, r.Dated = c.authorize, true
	}
	x := c.calls.Begin(ctx, r)
	if failure := x.Run(); failure != nil {
		err = newError(op, failure)
	} else {
		err = c.decode(x, op, out)
	}
	if set.response != nil {
		*set.response = Response(x.Response())
	}
	c.dump(op, request.Body, x, err)
	x.End(err)
	return err
}
