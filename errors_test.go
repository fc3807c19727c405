package byzantine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// errorOf returns the error of a call whose only attempt gets a response with the status and the body.
func errorOf(t *testing.T, call testCall, status int, body string) error {
	t.Helper()
	client := newTestClient(t, byzantine.SandboxURL, byzantine.WithMaxAttempts(1), over(roundTripper(func(*http.Request) (*http.Response, error) {
		return newResponse(status, nil, body), nil
	})))
	return call.do(t.Context(), client)
}

// These are the texts that an on-call engineer reads. {get} and {post} stand for the end that the texts of each call
// have in common.
func TestErrorText(t *testing.T) {
	get, post := testCalls[0], testCalls[1]
	for _, c := range []struct {
		name   string
		call   testCall
		status int
		body   string
		want   string
	}{
		{"JSON", post, 400, `{"error":"expired session","status":400}`, "byzantine: init_otp: 400 Bad Request: expired session {post}"},
		{"JSON message", post, 400, `{"message":"expired session"}`, "byzantine: init_otp: 400 Bad Request: expired session {post}"},
		{"JSON error before message", post, 400, `{"message":"second","error":"first"}`, "byzantine: init_otp: 400 Bad Request: first {post}"},
		{"JSON object as error", post, 400, `{"error":{"code":7}}`, `byzantine: init_otp: 400 Bad Request: {"error":{"code":7}} {post}`},
		{"JSON string", post, 404, `"no such account"`, "byzantine: init_otp: 404 Not Found: no such account {post}"},
		{"plain text", post, 400, "Failed to deserialize query string\n", "byzantine: init_otp: 400 Bad Request: Failed to deserialize query string {post}"},
		{"several lines", post, 400, "first\nsecond\n", "byzantine: init_otp: 400 Bad Request: first {post}"},
		{"several lines in JSON", post, 400, `{"error":"first\n\tsecond"}`, "byzantine: init_otp: 400 Bad Request: first second {post}"},
		{"HTML", get, 502, "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>", "byzantine: get_current_integrator_capabilities: 502 Bad Gateway: 502 Bad Gateway {get}"},
		{"HTML without a title", get, 502, "<!DOCTYPE html><body><h1>Sorry &amp; goodbye</h1>", "byzantine: get_current_integrator_capabilities: 502 Bad Gateway: Sorry & goodbye {get}"},
		{"HTML with nothing to say", get, 502, "<html><title></title><p> </p>", "byzantine: get_current_integrator_capabilities: 502 Bad Gateway {get}"},
		{"nothing", get, 404, "", "byzantine: get_current_integrator_capabilities: 404 Not Found {get}"},
		{"status without a name", get, 499, "", "byzantine: get_current_integrator_capabilities: 499 {get}"},
		{"control characters", get, 404, "{\"error\":\"a\\u001b[31mb\\u0000\\u0007c\\u202ed\\u2028e\"}", "byzantine: get_current_integrator_capabilities: 404 Not Found: a[31mbcd e {get}"},
		{"not UTF-8", get, 404, "a\xff\xfeb", "byzantine: get_current_integrator_capabilities: 404 Not Found: a\uFFFDb {get}"},
		{"very long", get, 404, strings.Repeat("x", 5000), "byzantine: get_current_integrator_capabilities: 404 Not Found: " + strings.Repeat("x", 300) + "... {get}"},
		{"very long, two bytes each", get, 404, strings.Repeat("é", 5000), "byzantine: get_current_integrator_capabilities: 404 Not Found: " + strings.Repeat("é", 150) + "... {get}"},
		{
			"401", post, 401, `{"error":"invalid credential"}`,
			"byzantine: init_otp: 401 Unauthorized: invalid credential; the key or the signature was rejected, or the account is not yours or the user not a root user of it; host sandbox.api.byzantine.fi, public key 0x0360fed4ba... {post}",
		},
		{"403", post, 403, "", "byzantine: init_otp: 403 Forbidden; a read_only credential may call GET operations only; host sandbox.api.byzantine.fi, public key 0x0360fed4ba... {post}"},
		{"403 on a GET", get, 403, "", "byzantine: get_current_integrator_capabilities: 403 Forbidden; host sandbox.api.byzantine.fi, public key 0x0360fed4ba... {get}"},
		{"429", post, 429, "", "byzantine: init_otp: 429 Too Many Requests {post}"},
		{"500", post, 500, `{"error":"oops"}`, "byzantine: init_otp: 500 Internal Server Error: oops; the request may have taken effect: check before you retry {post}"},
		{"500 on a GET", get, 500, `{"error":"oops"}`, "byzantine: get_current_integrator_capabilities: 500 Internal Server Error: oops {get}"},
		{"redirect", post, 307, "", "byzantine: init_otp: 307 Temporary Redirect {post}"},
		{"success without JSON", post, 200, "<title>Welcome</title>", "byzantine: init_otp: 200 OK: the response is not JSON, 22 bytes, at offset 0: it looks like HTML or XML; the request may have taken effect: check before you retry {post}"},
		{"success without a body", post, 204, "", "byzantine: init_otp: 204 No Content: the response has no body; the request may have taken effect: check before you retry {post}"},
		{"success of another form", get, 200, `{"integratorId":7}`, "byzantine: get_current_integrator_capabilities: 200 OK: the response is not of the expected form: integratorId: number in place of string {get}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := strings.NewReplacer(
				"{get}", "(GET /v1/integrator/whoami, 1 attempt)", "{post}", "(POST /v1/submit/init-otp, 1 attempt)",
			).Replace(c.want)
			err := errorOf(t, c.call, c.status, c.body)
			assert.EqualError(t, err, want)
			var e *byzantine.Error
			require.ErrorAs(t, err, &e)
			if c.status < 300 {
				assert.Nil(t, e.Body, "nothing of a success")
				assert.Equal(t, c.body, e.SuccessBody.Reveal())
			} else {
				assert.Equal(t, c.body, string(e.Body), "as received")
			}
		})
	}
}

func TestTransportErrorText(t *testing.T) {
	reset := errors.New("read: connection reset by peer")
	for want, err := range map[string]error{
		"byzantine: init_otp: read: connection reset by peer; the request may have taken effect: check before you retry (POST /v1/submit/init-otp, 1 attempt)": &byzantine.TransportError{
			Operation: "init_otp", Method: "POST", Path: "/v1/submit/init-otp", Attempts: 1, Sent: true, OutcomeUnknown: true, Err: reset,
		},
		"byzantine: whoami: read: connection reset by peer (GET /v1/integrator/whoami, 3 attempts)": &byzantine.TransportError{
			Operation: "whoami", Method: "GET", Path: "/v1/integrator/whoami", Attempts: 3, Sent: true, Err: reset,
		},
		"byzantine: dial tcp: connection refused; nothing was sent (PATCH /v1/x, 3 attempts)": &byzantine.TransportError{
			Method: "PATCH", Path: "/v1/x", Attempts: 3, Err: errors.New("dial tcp: connection refused"),
		},
		"byzantine: context canceled; nothing was sent (DELETE /v1/x/{}, 0 attempts)": &byzantine.TransportError{
			Method: "DELETE", Path: "/v1/x/{}", Err: context.Canceled,
		},
		"byzantine: sign request: the HSM is down; nothing was sent (POST /v1/x, 1 attempt)": &byzantine.TransportError{
			Method: "POST", Path: "/v1/x", Attempts: 1, Err: errors.New("byzantine: sign request: the HSM is down"),
		},
		"byzantine: malformed " + strings.Repeat("y", 290) + "...; nothing was sent (POST /v1/x, 1 attempt)": &byzantine.TransportError{
			Method: "POST", Path: "/v1/x", Attempts: 1, Err: errors.New("malformed\n\x1b" + strings.Repeat("y", 1000)),
		},
	} {
		assert.EqualError(t, err, want)
	}
}

// The result of errors.Is depends on the exported fields alone, so that integrators' tests can make errors of their
// own.
func TestErrorsIs(t *testing.T) {
	sentinels := map[string]error{
		"bad request": byzantine.ErrBadRequest, "unauthorized": byzantine.ErrUnauthorized, "forbidden": byzantine.ErrForbidden,
		"not found": byzantine.ErrNotFound, "rate limited": byzantine.ErrRateLimited, "server": byzantine.ErrServer,
		"unknown": byzantine.ErrOutcomeUnknown, "invalid": byzantine.ErrInvalidRequest,
	}
	withResponse := func(method string, status int) error {
		var call testCall
		for _, c := range testCalls {
			if c.method == method {
				call = c
			}
		}
		err := errorOf(t, call, status, "no JSON")
		var e *byzantine.Error
		require.ErrorAs(t, err, &e)
		made := &byzantine.Error{Method: e.Method, StatusCode: e.StatusCode, OutcomeUnknown: e.OutcomeUnknown}
		assert.Equal(t, errors.Is(err, byzantine.ErrOutcomeUnknown), errors.Is(made, byzantine.ErrOutcomeUnknown))
		return made
	}
	withoutResponse := func(method string, sent bool) error {
		return &byzantine.TransportError{Method: method, Sent: sent, OutcomeUnknown: sent && method != "GET", Err: context.Canceled}
	}
	for _, c := range []struct {
		err  error
		want []string
	}{
		{withResponse("POST", 400), []string{"bad request"}},
		{withResponse("POST", 401), []string{"unauthorized"}},
		{withResponse("POST", 403), []string{"forbidden"}},
		{withResponse("POST", 404), []string{"not found"}},
		{withResponse("POST", 409), nil},
		{withResponse("POST", 429), []string{"rate limited"}},
		{withResponse("POST", 302), nil},
		{withResponse("POST", 303), []string{"unknown"}},
		{withResponse("POST", 408), []string{"unknown"}},
		{withResponse("GET", 303), nil},
		{withResponse("GET", 408), nil},
		{withResponse("POST", 200), []string{"unknown"}},
		{withResponse("POST", 101), []string{"unknown"}},
		{withResponse("POST", 500), []string{"server", "unknown"}},
		{withResponse("PATCH", 501), []string{"server", "unknown"}},
		{withResponse("PATCH", 503), []string{"server", "unknown"}},
		{withResponse("DELETE", 599), []string{"server", "unknown"}},
		{withResponse("GET", 500), []string{"server"}},
		{withResponse("GET", 200), nil},
		{withResponse("GET", 404), []string{"not found"}},
		{withoutResponse("POST", true), []string{"unknown"}},
		{withoutResponse("DELETE", true), []string{"unknown"}},
		{withoutResponse("POST", false), nil},
		{withoutResponse("GET", true), nil},
		{&byzantine.FieldError{}, []string{"invalid"}},
	} {
		wrapped := fmt.Errorf("onboarding: %w", c.err)
		var got []string
		for name, sentinel := range sentinels {
			if errors.Is(wrapped, sentinel) {
				got = append(got, name)
			}
		}
		assert.ElementsMatch(t, c.want, got, "%#v", c.err)
	}
	assert.ErrorIs(t, withoutResponse("POST", true), context.Canceled)
}

// The errors of net/http contain the URL, whose query can hold an e-mail address. No error of a call shows it, wherever
// the call fails.
func TestErrorsHoldNoQuery(t *testing.T) {
	const uri = "/v1/query/get-user-details?email=jane.doe%2Bprivate%40example.com"
	for name, url := range map[string]string{
		"refused":  "http://127.0.0.1:1",
		"reset":    newRawServer(t, func(c *rawConn) { c.receive(); c.reset() }).url,
		"closed":   newRawServer(t, func(c *rawConn) { c.receive() }).url,
		"no HTTP":  newRawServer(t, func(c *rawConn) { c.receive(); c.send("hello\n") }).url,
		"redirect": newRawServer(t, func(c *rawConn) { c.receive(); c.respond(302, "Location: "+uri+"\n", "") }).url,
		"no URL":   newRawServer(t, func(c *rawConn) { c.receive(); c.respond(302, "Location: http://["+uri+"\n", "") }).url,
	} {
		err := newTestClient(t, url, byzantine.WithMaxAttempts(1)).Do(t.Context(), "GET", uri, nil, nil)
		require.Error(t, err, name)
		for e := err; e != nil; e = errors.Unwrap(e) {
			assert.NotContains(t, e.Error(), "jane", name)
			assert.NotContains(t, e.Error(), "email", name)
		}
		assert.NotContains(t, fmt.Sprintf("%+v", err), "jane", name)
	}
}

func TestFieldErrors(t *testing.T) {
	transports := []byzantine.AuthenticatorTransport{byzantine.TransportInternal}
	authenticator := byzantine.AuthenticatorParam{
		AuthenticatorName: "laptop", Challenge: "Y2hhbGxlbmdl",
		Attestation: byzantine.Attestation{CredentialID: "aWQ", ClientDataJSON: "e30", AttestationObject: "oA", Transports: transports},
	}
	type request = byzantine.CreateAuthenticatorsOTPRequest
	server := newRawServer(t, acceptAllRaw)
	client := newTestClient(t, server.url)
	for _, tt := range []struct {
		field, jsonPath, reason string
		change                  func(*request)
	}{
		{"SessionID", "sessionId", "missing", func(r *request) { r.SessionID = "" }},
		{"AccountID", "accountId", "must be a UUID (8-4-4-4-12 hex digits)", func(r *request) { r.AccountID = "secret" }},
		{"Authenticators", "authenticators", "missing", func(r *request) { r.Authenticators = nil }},
		{
			"Authenticators[0].Attestation.CredentialID", "authenticators[0].attestation.credentialId", "missing",
			func(r *request) { r.Authenticators[0].Attestation.CredentialID = "" },
		},
		{
			"Authenticators[0].Attestation.Transports", "authenticators[0].attestation.transports", "missing",
			func(r *request) { r.Authenticators[0].Attestation.Transports = nil },
		},
		{
			"Authenticators[0].Attestation.ClientDataJSON", "authenticators[0].attestation.clientDataJson", "must be unpadded base64url",
			func(r *request) { r.Authenticators[0].Attestation.ClientDataJSON = "secret==" },
		},
	} {
		r := &request{SessionID: testAccountID, AccountID: testAccountID, UserID: testUserID, Authenticators: []byzantine.AuthenticatorParam{authenticator}}
		tt.change(r)
		_, err := client.CreateAuthenticatorsOTP(t.Context(), r)
		assert.ErrorIs(t, err, byzantine.ErrInvalidRequest)
		assert.Equal(t, &byzantine.FieldError{Field: "CreateAuthenticatorsOTPRequest." + tt.field, JSONPath: tt.jsonPath, Reason: tt.reason}, err)
		assert.EqualError(t, err, "byzantine: CreateAuthenticatorsOTPRequest."+tt.field+": "+tt.reason)
	}
	_, err := client.InitOTP(t.Context(), nil)
	assert.EqualError(t, err, "byzantine: InitOTPRequest.AccountID: missing")
	assert.Zero(t, server.accepted(), "nothing was sent")
}

// JSONPath is set for parameters of the path and the query, and for fields that only a rule of the whole request
// rejects. It is empty for an error that is not about a field of a request struct.
func TestFieldErrorJSONPath(t *testing.T) {
	client := newTestClient(t, "http://localhost:1")
	ctx := t.Context()
	for _, tt := range []struct {
		field, jsonPath string
		call            func() error
	}{
		{"GetAccountDetailsRequest.AccountID", "accountId", func() error { _, err := client.GetAccountDetails(ctx, "x"); return err }},
		{"DeleteCredentialRequest.Pubkey", "pubkey", func() error { return client.DeleteCredential(ctx, "0x") }},
		{"RetryWebhookDeliveryRequest.DeliveryID", "delivery_id", func() error { _, err := client.RetryWebhookDelivery(ctx, ""); return err }},
		{"GetUserDetailsRequest.UserID", "userId", func() error { _, err := client.GetUserDetails(ctx, nil); return err }},
		{"UpdateCredentialRequest.AccessScope", "accessScope", func() error {
			_, err := client.UpdateCredential(ctx, &byzantine.UpdateCredentialRequest{Pubkey: "0x02" + strings.Repeat("0", 64)})
			return err
		}},
		{"SignPayloadPasskeyRequest.TransactionID", "transactionId", func() error {
			_, err := client.SignPayloadPasskey(ctx, &byzantine.SignPayloadPasskeyRequest{SignedPayload: byzantine.SignedPayload{
				SignedBody: json.RawMessage("{}"), WebAuthnStamp: "{}", ChainID: byzantine.ChainBase,
			}})
			return err
		}},
		{"method", "", func() error { return client.Do(ctx, "HEAD", "/v1/x", nil, nil) }},
	} {
		var field *byzantine.FieldError
		require.ErrorAs(t, tt.call(), &field, tt.field)
		assert.Equal(t, tt.field, field.Field)
		assert.Equal(t, tt.jsonPath, field.JSONPath, tt.field)
	}
}

// Users make these errors in their own tests, not always with all fields. Error does not panic then.
func TestErrorsWithoutACause(t *testing.T) {
	for _, err := range []error{
		&byzantine.TransportError{}, &byzantine.RotationError{}, byzantine.ElementError{}, &byzantine.Error{}, &byzantine.TransactionFailedError{},
		&byzantine.PartialError{Elements: make([]byzantine.ElementError, 1)},
	} {
		assert.NotPanics(t, func() { assert.Contains(t, err.Error(), "byzantine: ") }, "%T", err)
	}
}
