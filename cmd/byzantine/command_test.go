package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/jsontest"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// name=value does not say where a field stands, so its name must.
func TestFieldsOfARequestHaveNamesOfTheirOwn(t *testing.T) {
	for op := range byzantine.Operations() {
		request := op.NewRequest()
		if request == nil {
			continue
		}
		seen := map[string]wire.Place{}
		for _, f := range wire.Fields(reflect.TypeOf(request).Elem()) {
			assert.NotContains(t, seen, f.Name, "%s", op.ID)
			seen[f.Name] = f.In
		}
	}
}

func TestEveryOperationCanBeDescribed(t *testing.T) {
	for op := range byzantine.Operations() {
		status, stdout, _ := runWith(t, nil, "", "operations", string(op.ID))
		assert.Equal(t, exitDone, status)
		assert.True(t, strings.HasPrefix(stdout, op.Method+" "+op.Path+"\n"), stdout)
	}
}

// What sign prints is what the API verifies, with net/http and with curl.
func TestSignedHeadersAreAccepted(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	env := map[string]string{"BYZANTINE_PRIVATE_KEY": sandbox.Key().SecretHex()}
	const path, body = "/v1/integrator/credentials", "{\"label\": \"<&> b\"}\n"
	file := t.TempDir() + "/body.json"
	require.NoError(t, os.WriteFile(file, []byte(body), 0o600))

	status, stdout, stderr := runWith(t, env, body, "sign", "post", path, "-body", "-")
	require.Equal(t, exitDone, status, stderr)
	request, err := http.NewRequest("POST", sandbox.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	for line := range strings.Lines(stdout) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		require.True(t, ok, line)
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, http.StatusCreated, res.StatusCode)

	curl, err := exec.LookPath("curl")
	if err != nil {
		if os.Getenv("BYZANTINE_REQUIRE_PROGRAMS") != "" {
			t.Fatal("curl is not installed")
		}
		t.Skip("curl is not installed")
	}
	sent := []string{"-s", "--noproxy", "*", "-o", os.DevNull, "-w", "%{http_code}", "-H", "Content-Type: application/json", "--data-binary", "@" + file, sandbox.URL + path}
	status, stdout, _ = runWith(t, env, "", "sign", "POST", path, "-body", file, "-curl")
	require.Equal(t, exitDone, status)
	code, err := exec.Command(curl, append(strings.Fields(stdout), sent...)...).Output()
	require.NoError(t, err)
	assert.Equal(t, "201", string(code), "as options")

	status, stdout, _ = runWith(t, env, "", "sign", "POST", path, "-body", file)
	require.Equal(t, exitDone, status)
	command := exec.Command(curl, append([]string{"-H", "@-"}, sent...)...)
	command.Stdin = strings.NewReader(stdout)
	code, err = command.Output()
	require.NoError(t, err)
	assert.Equal(t, "201", string(code), "as a file of headers")
}

// Responses are printed with all their digits. Bodies that are no response of the operation are not printed.
func TestResponsesArePrintedAsTheyCame(t *testing.T) {
	responses := map[string]string{
		"/v1/query/assets":     `[{"decimals":6,"big":12345678901234567890.10,"text":"<&é"}]`,
		"/v1/health":           `<html><title>Proxy login</title></html>`,
		"/v1/query/top-vaults": `{"not":"a list"}`,
		"/v1/query/events":     `{"events":[{"id":7,"type":"customer.active"}]}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(responses[r.URL.Path])) }))
	defer server.Close()
	env := map[string]string{"BYZANTINE_BASE_URL": server.URL, "BYZANTINE_PRIVATE_KEY": strings.Repeat("1", 64)}
	status, stdout, stderr := runWith(t, env, "", "call", "get_assets")
	assert.Equal(t, exitDone, status, stderr)
	assert.Equal(t, "[\n  {\n    \"decimals\": 6,\n    \"big\": 12345678901234567890.10,\n    \"text\": \"<&é\"\n  }\n]\n", stdout)
	status, stdout, stderr = runWith(t, env, "", "call", "health_check")
	assert.Equal(t, exitFailed, status)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "the response is not JSON, 39 bytes, at offset 0: it looks like HTML or XML")
	status, stdout, stderr = runWith(t, env, "", "call", "get_top_vaults")
	assert.Equal(t, exitFailed, status)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "the response is not of the expected form")
	status, stdout, stderr = runWith(t, env, "", "call", "list_events")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, stdout, `"id": 7,`, "what is odd about a response does not hide it")
	assert.Contains(t, stderr, "the call succeeded, but an element of the response cannot be read: events[0].id: number in place of string")
}

func TestSignedBodyGoesOutAsItWasSigned(t *testing.T) {
	received := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, byzantinetest.ControlPath) { // a sandbox would have a clock there
			http.NotFound(w, r)
			return
		}
		var body bytes.Buffer
		body.ReadFrom(r.Body)
		received <- r.RequestURI + " " + body.String()
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer server.Close()
	env := map[string]string{"BYZANTINE_BASE_URL": server.URL, "BYZANTINE_PRIVATE_KEY": strings.Repeat("1", 64)}
	body := `{"signedBody": {"z": 1.50, "a": "<&>"}, "webAuthnStamp": "{\"a\":1}", "transactionId": "11111111-2222-4333-8444-555555555555"}`
	status, _, stderr := runWith(t, env, body, "call", "sign_payload_passkey", "chain_id=8453", "-body", "-")
	assert.Equal(t, exitFailed, status, stderr)
	assert.Equal(t, `/v1/submit/sign-payload-passkey?chain_id=8453 {"signedBody":{"z":1.50,"a":"<&>"},"webAuthnStamp":"{\"a\":1}",`+
		`"transactionId":"11111111-2222-4333-8444-555555555555"}`, <-received)

	for _, signed := range jsontest.Delicate {
		body := `{"signedBody":` + signed + `,"webAuthnStamp":"{}","transactionId":"11111111-2222-4333-8444-555555555555"}`
		for _, args := range [][]string{
			{"-body", "-"},
			{"signedBody=" + signed, "webAuthnStamp={}", "transactionId=11111111-2222-4333-8444-555555555555"},
		} {
			status, _, stderr := runWith(t, env, body, append([]string{"call", "sign_payload_passkey", "chain_id=8453"}, args...)...)
			assert.Equal(t, exitFailed, status, stderr)
			assert.Equal(t, `/v1/submit/sign-payload-passkey?chain_id=8453 `+body, <-received)
		}
	}
}

func TestPasskeyInspect(t *testing.T) {
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://app.example.com"}}
	options, _, err := rp.BeginRegistration(passkey.User{ID: "ada", Name: "ada@example.com"})
	require.NoError(t, err)
	response, err := passkeytest.NewAuthenticator(passkeytest.WithOrigin("https://app.example.com")).Create(options)
	require.NoError(t, err)
	credential, err := passkey.ParseUnverified(response, "x")
	require.NoError(t, err)

	status, stdout, stderr := runWith(t, nil, string(response), "passkey", "inspect", "-")
	require.Equal(t, exitDone, status, stderr)
	assert.Regexp(t, `(?m)^credential id +`+credential.ID+`$`, stdout)
	assert.Regexp(t, `(?m)^origin +"https://app\.example\.com"$`, stdout)
	assert.Regexp(t, `(?m)^challenge +`+credential.Authenticator.Challenge+`$`, stdout)
	assert.Regexp(t, `(?m)^AAGUID +[0-9a-f-]{36}$`, stdout)
	assert.Regexp(t, `(?m)^public key \(COSE\) +`+base64.RawURLEncoding.EncodeToString(credential.PublicKey)+`$`, stdout)
	assert.Regexp(t, `(?m)^user verified +true$`, stdout)

	status, stdout, stderr = runWith(t, nil, string(response), "passkey", "inspect", "-json", "-")
	require.Equal(t, exitDone, status, stderr)
	var inspected inspectedJSON
	require.NoError(t, json.Unmarshal([]byte(stdout), &inspected))
	assert.Equal(t, credential.ID, inspected.ID)
	assert.Equal(t, credential.Authenticator.Attestation, inspected.Authenticator.Attestation)

	status, _, stderr = runWith(t, nil, `{"id":"x"}`, "passkey", "inspect", "-")
	assert.Equal(t, exitFailed, status)
	assert.Regexp(t, `^byzantine: passkey: credential`, stderr)
	status, _, stderr = runWith(t, nil, "", "passkey", "inspect")
	assert.Equal(t, exitInvalid, status)
	assert.Contains(t, stderr, "takes the name of a file")
	status, _, _ = runWith(t, nil, "", "passkey", "inspect", "missing.json")
	assert.Equal(t, exitInvalid, status)
}

func TestWebhookVerify(t *testing.T) {
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	ids := webhooktest.DeliveryIDs{
		Delivery: "11111111-2222-4333-8444-555555555555", Event: "22222222-2222-4333-8444-555555555555", Key: "33333333-2222-4333-8444-555555555555",
	}
	body := `{"id":"` + ids.Event + `","type":"customer.active","occurredAt":"2026-09-01T12:00:00Z","livemode":false,"payloadVersion":1,"related":{},"data":{}}`
	header, err := webhooktest.SignDelivery(key, ids, time.Now().Add(-48*time.Hour), []byte(body))
	require.NoError(t, err)
	var stored bytes.Buffer
	require.NoError(t, header.Write(&stored))
	headers := stored.String()
	verify := func(text string) (int, string, string) {
		return runWith(t, nil, text, "webhook", "verify", "-pubkey", key.PublicKeyHex(), "-")
	}

	for name, text := range map[string]string{
		"headers and body":   headers + "\r\n" + body,
		"unix line ends":     strings.ReplaceAll(headers, "\r\n", "\n") + "\n" + body,
		"a request line":     "POST /hooks HTTP/1.1\r\nHost: example.com\r\n" + headers + "\r\n" + body,
		"a length":           headers + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body,
		"HTTP/2's own words": "POST /hooks HTTP/2.0\r\nHost: example.com\r\n" + headers + "\r\n" + body,
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := verify(text)
			require.Equal(t, exitDone, status, stderr)
			assert.Regexp(t, `(?m)^genuine +signed by this key$`, stdout)
			assert.Regexp(t, `(?m)^delivery +`+ids.Delivery+`$`, stdout)
			assert.Regexp(t, `(?m)^type +"customer\.active"$`, stdout)
			assert.Regexp(t, `(?m)^signed at +\S+, 48h0m\d+s ago$`, stdout)
		})
	}
	for name, test := range map[string]struct{ text, words string }{
		"another body":               {headers + "\r\n" + strings.Replace(body, "false", "true", 1), "signature: does not belong"},
		"a newline more":             {headers + "\r\n" + body + "\n", "signature: does not belong"},
		"no body":                    {headers + "\r\n", "signature: does not belong"},
		"a doubled head":             {headers + headers + "\r\n" + body, "is there more than once"},
		"another time":               {strings.Replace(headers, "Timestamp: ", "Timestamp: x", 1) + "\r\n" + body, "timestamp"},
		"no headers":                 {body, "not a delivery"},
		"nothing":                    {"", "not a delivery"},
		"too long":                   {headers + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body + "\nmore", "5 bytes stand after the " + strconv.Itoa(len(body)) + " of its content-length"},
		"a blank after its length":   {headers + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body + " ", "1 byte stands after the " + strconv.Itoa(len(body)) + " of its content-length"},
		"a newline after its length": {headers + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body + "\n", "1 byte stands after the " + strconv.Itoa(len(body)) + " of its content-length"},
		"a cut off body":             {headers + "Content-Length: 9999\r\n\r\n" + body, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := verify(test.text)
			assert.Equal(t, exitFailed, status)
			assert.Empty(t, stdout)
			assert.Contains(t, strings.ToLower(stderr), strings.ToLower(test.words))
		})
	}
	status, _, stderr := runWith(t, nil, "", "webhook", "verify", "-pubkey", "0x02", "-")
	assert.Equal(t, exitInvalid, status, stderr)
	status, _, stderr = runWith(t, nil, "", "webhook", "verify", "-")
	assert.Equal(t, exitInvalid, status)
	assert.Contains(t, stderr, "takes -pubkey")
}

// The error about a file that is in UTF-16 or has a byte order mark says so, and not what the parser made of its bytes.
func TestFilesInForeignEncodings(t *testing.T) {
	key := strings.Repeat("1", 64)
	utf16 := func(text string) string {
		return "\xFF\xFE" + strings.Join(strings.Split(text, ""), "\x00") + "\x00"
	}
	env := map[string]string{"BYZANTINE_BASE_URL": "http://127.0.0.1:1", "BYZANTINE_PRIVATE_KEY": key}
	for text, want := range map[string]string{
		"\uFEFF" + key:       "it begins with a byte order mark",
		utf16(key):           "it is in UTF-16",
		utf16(key)[2:]:       "it is in UTF-16",
		"\xFE\xFF\x00" + key: "it is in UTF-16",
	} {
		file := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		status, _, stderr := runWith(t, nil, "", "pubkey", "-key", file)
		assert.Equal(t, exitInvalid, status, stderr)
		assert.Contains(t, stderr, "private key: "+want)
		assert.NotContains(t, stderr, key[:8])
	}
	body := `{"accountId":"11111111-2222-4333-8444-555555555555"}`
	for text, want := range map[string]string{"\uFEFF" + body: "it begins with a byte order mark", utf16(body): "it is in UTF-16"} {
		file := filepath.Join(t.TempDir(), "body")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		for _, arguments := range [][]string{{"call", "-body", file, "init_otp"}, {"call", "-body", "-", "init_otp"}} {
			status, _, stderr := runWith(t, env, text, arguments...)
			assert.Equal(t, exitInvalid, status, stderr)
			assert.Contains(t, stderr, want)
			assert.NotContains(t, stderr, "1111")
		}
	}
}

// operations lists the fields that the API's document has: a signed payload that is no transaction has no transaction id.
func TestOperationsOfSignedPayloads(t *testing.T) {
	for id, transaction := range map[string]bool{"sign_payload_passkey": true, "invite_users": false, "update_users_role": false} {
		_, text, _ := runWith(t, nil, "", "operations", id)
		assert.Equal(t, transaction, strings.Contains(text, "transactionId"), text)
		assert.Equal(t, transaction, strings.Contains(text, "chain_id"), text)
		assert.NotContains(t, text, "optional ", "all that they have is required")
		_, text, _ = runWith(t, nil, "", "operations", id, "-json")
		assert.Equal(t, transaction, strings.Contains(text, `"name": "transactionId"`))
	}
}

// A long list of values stands below the fields, once.
func TestOperationsPrintALongListOnce(t *testing.T) {
	_, text, _ := runWith(t, nil, "", "operations", "create_entity_account")
	assert.Equal(t, 1, strings.Count(text, "AFG"), text)
	assert.Regexp(t, `entityInfo\.registeredAddress\.country +body +\S+ +string: a value of list 1 below`, text)
}
