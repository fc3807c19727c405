package byzantinetest_test

import (
	"context"
	"crypto/fips140"
	"fmt"
	"io"
	"log"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestInProcessPassesTheWholeRequest(t *testing.T) {
	client := &http.Client{Transport: byzantinetest.InProcess(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		w.Header().Set("X-Seen", r.Host+" "+r.RequestURI)
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s", r.Method, body)
	}))}
	for method, sent := range map[string]io.Reader{"GET": nil, "POST": strings.NewReader("text")} {
		request, err := http.NewRequest(method, "https://api.example/a%2Fb?c=d", sent)
		require.NoError(t, err)
		response, err := client.Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		want := method + " "
		if sent != nil {
			want += "text"
		}
		assert.Equal(t, want, string(body))
		assert.Equal(t, http.StatusTeapot, response.StatusCode)
		assert.Equal(t, "api.example /a%2Fb?c=d", response.Header.Get("X-Seen"))
		assert.Same(t, request, response.Request)
		assert.Empty(t, request.RequestURI, "the caller's request is not changed")
	}
}

type closes struct {
	io.Reader
	closed *bool
}

func (c closes) Close() error { *c.closed = true; return nil }

func TestInProcessEndsBadly(t *testing.T) {
	abort := func(write string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, write)
			panic(http.ErrAbortHandler)
		}
	}
	send := func(ctx context.Context, h http.Handler) (*http.Response, error, bool) {
		closed := false
		request, err := http.NewRequestWithContext(ctx, "POST", "https://api.example/", closes{strings.NewReader("x"), &closed})
		require.NoError(t, err)
		response, err := byzantinetest.InProcess(h).RoundTrip(request)
		return response, err, closed
	}

	_, err, closed := send(t.Context(), abort(""))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.True(t, closed)

	response, err, closed := send(t.Context(), abort("half"))
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, "half", string(body))
	assert.True(t, closed)

	over, cancel := context.WithCancel(t.Context())
	_, err, closed = send(over, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel() }))
	require.ErrorIs(t, err, context.Canceled, "it ended while the handler ran")
	assert.True(t, closed)
	_, err, closed = send(over, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") }))
	require.ErrorIs(t, err, context.Canceled, "it had ended before")
	assert.True(t, closed)

	assert.PanicsWithValue(t, "mistake", func() {
		_, _, _ = send(t.Context(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("mistake") }))
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _, _ = send(t.Context(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() }))
		t.Error("a handler that ends its goroutine, as t.FailNow does, ends the request's")
	}()
	<-ended
}

// The faults do to a client in a bubble what they do over a network.
func TestFaultsWithoutANetwork(t *testing.T) {
	sandbox, err := byzantinetest.New()
	require.NoError(t, err)
	defer sandbox.Close()
	user := sandbox.AddUser(byzantinetest.User{Email: "ada@example.com"})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	client, err := byzantine.NewClient(sandbox.Key(), byzantine.WithClock(sandbox.Now),
		byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(sandbox)}))
	require.NoError(t, err)
	for name, fault := range map[string]byzantinetest.Fault{
		"reset":    {Reset: true, TakesEffect: true},
		"truncate": {Truncate: true},
		"status":   {Status: http.StatusBadGateway, TakesEffect: true},
	} {
		t.Run(name, func(t *testing.T) {
			sandbox.Fail(byzantine.OpInitOTP, 1, fault)
			_, err := client.InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: account.ID, UserID: user.ID})
			require.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
			sandbox.Fail(byzantine.OpGetUserDetails, 1, fault)
			_, err = client.GetUserDetails(t.Context(), &byzantine.GetUserDetailsRequest{UserID: user.ID})
			require.NoError(t, err, "a GET is sent again")
		})
	}
}

// A test of hours that takes no time: in a bubble of testing/synctest the sandbox, the client and its waits share a clock
// that jumps to the next thing that happens.
func TestAWaitOfHours(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("in FIPS mode Go gathers entropy by the real clock, which stands still in a bubble of synctest")
	}
	synctest.Test(t, func(t *testing.T) {
		sandbox, err := byzantinetest.New()
		require.NoError(t, err)
		defer sandbox.Close()
		account := sandbox.AddAccount(byzantinetest.Account{Status: byzantine.VerificationUnderReview})
		client, err := byzantine.NewClient(sandbox.Key(), byzantine.WithClock(sandbox.Now),
			byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(sandbox)}))
		require.NoError(t, err)

		time.AfterFunc(3*time.Hour, func() { sandbox.Approve(account.ID) })
		status, err := client.WaitForVerification(t.Context(), account.ID)
		require.NoError(t, err)
		assert.Equal(t, byzantine.VerificationActive, status)
	})
}

func ExampleInProcess() {
	sandbox, err := byzantinetest.New()
	if err != nil {
		log.Fatal(err)
	}
	defer sandbox.Close()
	client, err := byzantine.NewClient(sandbox.Key(), byzantine.WithClock(sandbox.Now),
		byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(sandbox)}))
	if err != nil {
		log.Fatal(err)
	}
	self, err := client.Whoami(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(self.AccessScope)
	// Output: read_write
}
