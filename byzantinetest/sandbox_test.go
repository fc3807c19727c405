package byzantinetest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func newServer(t *testing.T, opts ...byzantinetest.Option) *byzantinetest.Server {
	t.Helper()
	server := byzantinetest.NewServer(opts...)
	t.Cleanup(server.Close)
	return server
}

// send makes a raw request whose headers the test has spoilt.
func send(t *testing.T, server *byzantinetest.Server, method, path, body string, spoil func(http.Header)) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	signature, err := byzantine.SignRequest(t.Context(), server.Key(), server.Now(), method, path, []byte(body))
	require.NoError(t, err)
	signature.Apply(req.Header)
	req.Header.Set("Content-Type", "application/json")
	if spoil != nil {
		spoil(req.Header)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text)
}

func TestEveryRequestSignatureIsVerified(t *testing.T) {
	server := newServer(t)
	stranger, err := byzantine.GenerateKey()
	require.NoError(t, err)
	const path = "/v1/integrator/whoami"
	resign := func(key *byzantine.PrivateKey, at time.Time, method, path, body string) func(http.Header) {
		return func(h http.Header) {
			signature, err := byzantine.SignRequest(t.Context(), key, at, method, path, []byte(body))
			require.NoError(t, err)
			signature.Apply(h)
		}
	}
	tests := map[string]struct {
		spoil   func(http.Header)
		status  int
		verdict string
	}{
		"good":               {nil, 200, ""},
		"no key":             {func(h http.Header) { h.Del("X-Pubkey") }, 400, "X-Pubkey is missing"},
		"no timestamp":       {func(h http.Header) { h.Del("X-Timestamp") }, 400, "X-Timestamp is missing"},
		"no signature":       {func(h http.Header) { h.Del("X-Signature") }, 400, "X-Signature is missing"},
		"two signatures":     {func(h http.Header) { h.Add("X-Signature", "0x00") }, 400, "X-Signature is there 2 times"},
		"unknown key":        {resign(stranger, time.Now(), "GET", path, ""), 401, "unknown or inactive credential"},
		"another path":       {resign(server.Key(), time.Now(), "GET", path+"?a=b", ""), 401, "does not belong"},
		"another method":     {resign(server.Key(), time.Now(), "POST", path, ""), 401, "does not belong"},
		"another body":       {resign(server.Key(), time.Now(), "GET", path, "{}"), 401, "does not belong"},
		"61 seconds ago":     {resign(server.Key(), time.Now().Add(-62*time.Second), "GET", path, ""), 401, "old"},
		"61 seconds to come": {resign(server.Key(), time.Now().Add(63*time.Second), "GET", path, ""), 401, "future"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := send(t, server, "GET", path, "", test.spoil)
			assert.Equal(t, test.status, status, body)
			log := server.Requests()
			last := log[len(log)-1]
			assert.Equal(t, byzantine.OpWhoami, last.OperationID)
			assert.Equal(t, test.status, last.Status)
			assert.Contains(t, last.Verdict, test.verdict)
			assert.Contains(t, body, test.verdict, "the verdict is in the answer too")
		})
	}
}

func TestHealthNeedsNoSignature(t *testing.T) {
	server := newServer(t)
	res, err := http.Get(server.URL + "/v1/health")
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, 200, res.StatusCode)
}

func TestMalformedRequestsAreRefusedAfterTheSignature(t *testing.T) {
	server := newServer(t)
	const path = "/v1/submit/init-otp"
	status, body := send(t, server, "POST", path, `{"accountId":`, nil)
	assert.Equal(t, 400, status)
	assert.Contains(t, body, "cannot read the request")
	status, body = send(t, server, "POST", path, `{"accountId":"x","userId":"y"}`, nil)
	assert.Equal(t, 400, status)
	assert.Contains(t, body, "accountId: must be a UUID")
	status, _ = send(t, server, "POST", path, `{"accountId":`, func(h http.Header) { h.Set("X-Timestamp", "1") })
	assert.Equal(t, 401, status)
	status, _ = send(t, server, "GET", "/v1/no/such/route", "", nil)
	assert.Equal(t, 404, status)
}

func TestClockStandsStillAndAdvances(t *testing.T) {
	start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	server := newServer(t, byzantinetest.WithTime(start))
	client := server.Client()
	_, err := client.Whoami(t.Context())
	require.NoError(t, err)
	server.Advance(90 * time.Minute)
	assert.Equal(t, start.Add(90*time.Minute), server.Now())
	_, err = client.Whoami(t.Context())
	require.NoError(t, err, "Server.Client dates by the sandbox's clock")

	wallClock := server.Client(byzantine.WithClock(time.Now), byzantine.WithMaxAttempts(1))
	_, err = wallClock.Whoami(t.Context())
	assert.ErrorIs(t, err, byzantine.ErrUnauthorized)
}

func TestSeedMakesIDsAndCodesRepeatable(t *testing.T) {
	play := func(seed uint64) []string {
		server := newServer(t, byzantinetest.WithSeed(seed))
		user := server.AddUser(byzantinetest.User{})
		account := server.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
		otp, err := server.Client().InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: account.ID, UserID: user.ID})
		require.NoError(t, err)
		hook, err := server.Client().CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: "https://hooks.example.com"})
		require.NoError(t, err)
		return []string{user.ID, user.Email, account.ID, otp.OTPID, server.OTPCode(otp.OTPID), server.Key().SecretHex(), hook.PublicKey}
	}
	assert.Equal(t, play(7), play(7))
	assert.NotEqual(t, play(7), play(8))
}

func TestImpossibleRequestsOfATestSayWhatIsMissing(t *testing.T) {
	server := newServer(t)
	assert.PanicsWithValue(t, `byzantinetest: Fail: the API has no operation "no_such"`, func() {
		server.Fail("no_such", 1, byzantinetest.Fault{})
	})
	assert.PanicsWithValue(t, "byzantinetest: Fail: times: must not be negative", func() { server.Fail(byzantine.OpWhoami, -1, byzantinetest.Fault{}) })
	assert.PanicsWithValue(t, `byzantinetest: OTPCode: no code was sent for "x"`, func() { server.OTPCode("x") })
	assert.Panics(t, func() { server.AddAccount(byzantinetest.Account{UserIDs: []string{"nobody"}}) })
	_, err := byzantinetest.New(byzantinetest.WithKey(&byzantine.PrivateKey{}))
	assert.ErrorContains(t, err, "WithKey")
}

func TestConcurrentUse(t *testing.T) {
	server := newServer(t)
	user := server.AddUser(byzantinetest.User{})
	account := server.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	client := server.Client()
	errs := make(chan error)
	for range 32 {
		go func() {
			otp, err := client.InitOTP(context.Background(), &byzantine.InitOTPRequest{AccountID: account.ID, UserID: user.ID})
			if err == nil && server.OTPCode(otp.OTPID) == "" {
				err = errors.New("no code")
			}
			errs <- err
		}()
	}
	for range 32 {
		assert.NoError(t, <-errs)
	}
	assert.Len(t, server.Requests(), 32)
}
