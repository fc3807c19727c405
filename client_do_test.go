package byzantine_test

import (
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

func TestDoRejections(t *testing.T) {
	server := newRawServer(t, acceptAllRaw)
	client := newTestClient(t, server.url)
	const path, beginning, ascii, dots, escaped = "pathAndQuery", "must begin with /v1/", "must be printable ASCII", "must not hold dot segments", "must be an escaped path and query"
	var nilPointer *string
	for _, c := range []struct {
		name, method, uri string
		in, out           any
		field, reason     string
	}{
		{"HEAD", "HEAD", "/v1/x", nil, nil, "method", "must be GET, POST, PUT, PATCH or DELETE"},
		{"CONNECT", "CONNECT", "/v1/x", nil, nil, "method", "must be GET"},
		{"lower case", "post", "/v1/x", nil, nil, "method", "must be GET"},
		{"no method", "", "/v1/x", nil, nil, "method", "must be GET"},
		{"empty", "GET", "", nil, nil, path, beginning},
		{"other version", "GET", "/v2/x", nil, nil, path, beginning},
		{"no version", "GET", "/x", nil, nil, path, beginning},
		{"version without slash", "GET", "/v1", nil, nil, path, beginning},
		{"version in the query", "GET", "?/v1/", nil, nil, path, beginning},
		{"URL", "GET", "https://evil.example/v1/x", nil, nil, path, beginning},
		{"host", "GET", "//evil.example/v1/x", nil, nil, path, beginning},
		{"user information", "GET", "@evil.example/v1/x", nil, nil, path, beginning},
		{"port", "GET", ":80/v1/x", nil, nil, path, beginning},
		{"domain", "GET", ".evil.example/v1/x", nil, nil, path, beginning},
		{"fragment", "GET", "/v1/x#f", nil, nil, path, ascii},
		{"blank", "GET", "/v1/x y", nil, nil, path, ascii},
		{"blank in the query", "GET", "/v1/x?q=a b", nil, nil, path, ascii},
		{"newline", "GET", "/v1/x\r\nX-Evil: 1", nil, nil, path, ascii},
		{"zero byte", "GET", "/v1/x\x00", nil, nil, path, ascii},
		{"delete character", "GET", "/v1/x\x7f", nil, nil, path, ascii},
		{"backslash", "GET", "/v1/..\\x", nil, nil, path, ascii},
		{"beyond ASCII", "GET", "/v1/é", nil, nil, path, ascii},
		{"beyond ASCII in the query", "GET", "/v1/x?q=é", nil, nil, path, ascii},
		{"not UTF-8", "GET", "/v1/x?q=\xff", nil, nil, path, ascii},
		{"dot segment", "GET", "/v1/../admin", nil, nil, path, dots},
		{"dot segment in an escaped slash", "GET", "/v1/a%2F..%2Fadmin", nil, nil, path, dots},
		{"dot segment escaped twice", "GET", "/v1/%252e%252e/admin", nil, nil, path, dots},
		{"dot segment with a parameter", "GET", "/v1/..;x/admin", nil, nil, path, dots},
		{"single dot", "GET", "/v1/./x", nil, nil, path, dots},
		{"dots at the end", "GET", "/v1/x/..", nil, nil, path, dots},
		{"escaped dots", "GET", "/v1/%2e%2E/admin", nil, nil, path, dots},
		{"dots behind an escaped slash", "GET", "/v1/x%2F..%2Fadmin", nil, nil, path, dots},
		{"broken escape", "GET", "/v1/%zz", nil, nil, path, escaped},
		{"not escaped", "GET", `/v1/"x"`, nil, nil, path, escaped},
		{"not escaped either", "GET", `/v1/<x>`, nil, nil, path, escaped},
		{"GET with a body", "GET", "/v1/x", map[string]int{}, nil, "in", "a GET has no body"},
		{"no JSON", "POST", "/v1/x", math.Inf(1), nil, "in", "unsupported value"},
		{"no JSON at all", "POST", "/v1/x", make(chan int), nil, "in", "unsupported type"},
		{"out is no pointer", "POST", "/v1/x", nil, "text", "out", "must be a pointer"},
		{"out is nil", "POST", "/v1/x", nil, nilPointer, "out", "must be a pointer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := client.Do(t.Context(), c.method, c.uri, c.in, c.out)
			var fe *byzantine.FieldError
			require.ErrorAs(t, err, &fe)
			assert.ErrorIs(t, err, byzantine.ErrInvalidRequest)
			assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
			assert.Equal(t, c.field, fe.Field)
			assert.Contains(t, fe.Reason, c.reason)
		})
	}
	assert.Zero(t, server.accepted())
}

// Any path is either rejected or sent unchanged to the client's host.
func FuzzDoPath(f *testing.F) {
	for _, seed := range []string{"/v1/x", "/v1/x?a=b", "//evil/v1/", "/v1/%2e%2e/x", "/v1/\\evil", "/v1/x@evil", "/v1/:80", "/v1/?#", "/v1//", "/v1/%", "/v1/[::1]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pathAndQuery string) {
		var sent []string
		client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.URL.Scheme+"://"+r.URL.Host+r.URL.RequestURI())
			return newResponse(200, nil, ""), nil
		})))
		err := client.Do(t.Context(), "GET", pathAndQuery, nil, nil)
		if err != nil {
			require.ErrorIs(t, err, byzantine.ErrInvalidRequest)
			assert.Empty(t, sent)
			return
		}
		assert.Equal(t, []string{byzantine.SandboxURL + pathAndQuery}, sent)
		assert.True(t, strings.HasPrefix(pathAndQuery, "/v1/"))
	})
}

// The path in an error of Do has placeholders instead of identifiers, like the path templates of the methods.
func TestDoErrorPath(t *testing.T) {
	server := newRawServer(t, func(c *rawConn) {
		for c.receive() {
			c.respond(404, "", "")
		}
	})
	client := newTestClient(t, server.url)
	for uri, want := range map[string]string{
		"/v1/integrator/whoami":                            "/v1/integrator/whoami",
		"/v1/query/get-user-details?email=" + testEmail:    "/v1/query/get-user-details",
		testCredentialURI:                                  "/v1/integrator/credentials/{}",
		"/v1/query/accounts/" + testAccountID + "/balance": "/v1/query/accounts/{}/balance",
		"/v1/query/users/" + testEmail:                     "/v1/query/users/{}",
		"/v1/":                                             "/v1/",
	} {
		err := client.Do(t.Context(), "GET", uri, nil, nil)
		var e *byzantine.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, want, e.Path)
		assert.ErrorContains(t, err, "(GET "+want+", 1 attempt)")
		assert.NotContains(t, err.Error(), "jane.doe")
	}
}

func TestDoDecodes(t *testing.T) {
	server := newRawServer(t, acceptAllRaw)
	client := newTestClient(t, server.url)
	var out struct {
		OTPID string `json:"otpId"`
	}
	require.NoError(t, client.Do(t.Context(), "POST", "/v1/submit/init-otp", struct{}{}, &out))
	assert.Equal(t, "otp-1", out.OTPID)
	assert.NoError(t, client.Do(t.Context(), "GET", "/v1/integrator/whoami", nil, nil), "a response that is not asked for is not read")
	var number int
	err := client.Do(t.Context(), "GET", "/v1/integrator/whoami", nil, &number)
	assert.ErrorContains(t, err, "the response is not of the expected form: object in place of int")
}

// Do reads a response into a type of this package as leniently as the methods do. Into a type of the caller's it is
// read completely, or the call fails.
func TestDoReadsResponsesAsTheMethodsDo(t *testing.T) {
	body := []byte(`{"transactions":[{"transactionId":"a","chainId":"odd"},{"transactionId":7}],"total":2}`)
	client, log := replying(t, &body)
	var page byzantine.TransactionPage
	err := client.Do(t.Context(), "GET", "/v1/query/some-transactions", nil, &page)
	var partial *byzantine.PartialError
	require.ErrorAs(t, err, &partial)
	assert.ErrorContains(t, err, "transactions[1].transactionId: number in place of string")
	assert.Equal(t, "a", page.Transactions[0].TransactionID)
	assert.EqualValues(t, 2, page.Total)
	assert.Contains(t, log.String(), "transactions[0].chainId")

	body = []byte(`[{"transactionId":"b","chainId":"odd"}]`)
	var list []byzantine.Transaction
	require.NoError(t, client.Do(t.Context(), "GET", "/v1/query/some-transactions", nil, &list))
	assert.Equal(t, "b", list[0].TransactionID)

	var own []struct {
		TransactionID string            `json:"transactionId"`
		ChainID       byzantine.ChainID `json:"chainId"`
	}
	var response byzantine.Response
	err = client.Do(t.Context(), "GET", "/v1/query/some-transactions", nil, &own, byzantine.WithResponse(&response))
	require.ErrorContains(t, err, "the response is not of the expected form: string in place of")
	assert.Equal(t, body, response.Body)
}

// Do does not set the fields of a Payload that say what it is for: only the methods do, which compare the payload with
// their request.
func TestDoTakesNoOperationOfAPayload(t *testing.T) {
	body := []byte(`{"bodyToSign":{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2"},"operation":"get_deposit_payload_passkey","chainId":1}`)
	client, _ := replying(t, &body)
	var payload byzantine.Payload
	require.NoError(t, client.Do(t.Context(), "POST", "/v1/submit/new-payload", struct{}{}, &payload))
	assert.NotEmpty(t, payload.BodyToSign)
	assert.Empty(t, payload.Operation)
	assert.Zero(t, payload.ChainID)
}
