package byzantinetest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

// signedAs has a request carry the signature of other texts.
func signedAs(t *testing.T, server *byzantinetest.Server, method, path, body string) func(http.Header) {
	return func(h http.Header) {
		signature, err := byzantine.SignRequest(t.Context(), server.Key(), server.Now(), method, path, []byte(body))
		require.NoError(t, err)
		signature.Apply(h)
	}
}

func TestPageOfARequest(t *testing.T) {
	server := stopped(t)
	look := func(number int) string {
		res, page := statusPage(t, server, fmt.Sprint("requests/", number))
		require.Equal(t, 200, res.StatusCode)
		return page
	}
	_, err := server.Client().Whoami(t.Context())
	require.NoError(t, err)
	page := plain(look(1))
	assert.Contains(t, page, "200 GET /v1/integrator/whoami Number 1 Operation get_current_integrator_capabilities Received 1 Sep 2026, 12:00:00 UTC")
	assert.Regexp(t, `Took \d+\.\d ms`, page)
	assert.Contains(t, page, `"accessScope": "read_write"`)
	assert.Contains(t, page, "X-Pubkey "+server.Key().PublicKeyHex())
	signature := server.Requests()[0].Header.Get("X-Signature")
	assert.NotContains(t, page, signature, "it is good for a minute, elsewhere too")
	assert.Contains(t, page, "X-Signature "+signature[:12]+"...")

	// The two texts, with the first difference marked.
	const body = `{"label":"x"}`
	send(t, server, "POST", "/v1/integrator/credentials?dry=1", body, signedAs(t, server, "POST", "/v1/integrator/credentials", body))
	page = look(2)
	assert.Contains(t, plain(page), "Your signer signed the path without its query . The texts differ from byte 40 on")
	assert.Contains(t, page, `<pre class="expected" tabindex="0">1788264000POST/v1/integrator/credentials<mark>?</mark>dry=1{&#34;label&#34;:&#34;x&#34;}</pre>`)
	assert.Contains(t, page, `<pre class="signed" tabindex="0">1788264000POST/v1/integrator/credentials<mark>{</mark>&#34;label&#34;:&#34;x&#34;}</pre>`)
	assert.Regexp(t, `SHA-256 is [0-9a-f]{64}`, plain(page))

	// A difference that cannot be seen gets a sign; one at the end says so.
	send(t, server, "POST", "/v1/integrator/credentials", body, signedAs(t, server, "POST", "/v1/integrator/credentials", "{\n  \"label\": \"x\"\n}"))
	assert.Contains(t, look(3), `<mark>\n</mark>`)
	send(t, server, "POST", "/v1/integrator/credentials", body, signedAs(t, server, "POST", "/v1/integrator/credentials", `{"label": "x"}`))
	assert.Contains(t, look(4), "<mark>\u2423</mark>")
	send(t, server, "POST", "/v1/integrator/credentials", body, signedAs(t, server, "POST", "/v1/integrator/credentials", ""))
	assert.Contains(t, look(5), "<mark>(ends here)</mark>")

	// What was signed is not known.
	send(t, server, "POST", "/v1/integrator/credentials", body, func(h http.Header) { h.Set("X-Signature", "0x3006020101020101") })
	page = look(6)
	assert.Contains(t, plain(page), "It is not known what was signed")
	assert.Contains(t, page, `<pre id="covered" tabindex="0">1788264000POST/v1/integrator/credentials{&#34;label&#34;:&#34;x&#34;}</pre>`)
	assert.NotContains(t, page, "<mark>")

	// A request without a route, and a fault.
	fetch(t, server.URL+"/v1/no/such/route")
	assert.Contains(t, plain(look(7)), "404 GET /v1/no/such/route the API has no route GET /v1/no/such/route Number 7 Operation none of the API")
	server.Fail(byzantine.OpListEvents, 1, byzantinetest.Fault{Status: 429})
	_, err = server.Client(byzantine.WithMaxAttempts(1)).ListEvents(t.Context(), nil)
	require.ErrorIs(t, err, byzantine.ErrRateLimited)
	assert.Contains(t, plain(look(8)), "429 GET /v1/query/events a fault: the request was not handled, and the client got a 429")
	server.Fail(byzantine.OpListEvents, 1, byzantinetest.Fault{Reset: true, TakesEffect: true})
	_, err = server.Client(byzantine.WithMaxAttempts(1)).ListEvents(t.Context(), nil)
	require.Error(t, err)
	assert.Contains(t, plain(look(9)), "A fault cut the connection before a response.")
}

// Documents are shown by size and hash, however short they are, and the private key of a new credential is not shown.
func TestPageOfARequestKeepsSecrets(t *testing.T) {
	server := newServer(t)
	req := ada()
	req.VerificationDocuments = []byzantine.UserVerificationDocument{passport(t)}
	_, err := server.Client().CreateIndividualAccount(t.Context(), req)
	require.NoError(t, err)
	created, err := server.Client().CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{Label: "x"})
	require.NoError(t, err)
	_, page := statusPage(t, server, "requests/1")
	assert.NotContains(t, page, base64.StdEncoding.EncodeToString([]byte("%PDF-1.7\n")))
	assert.Contains(t, plain(page), "bytes of base64, SHA-256 ")
	for _, path := range append([]string{"requests/2"}, pagePaths...) {
		_, page = statusPage(t, server, path)
		assert.NotContains(t, page, created.PrivateKey.Reveal(), path)
	}
	_, page = statusPage(t, server, "requests/2")
	assert.Contains(t, plain(page), `"privateKey": "(not shown)"`)

	send(t, server, "POST", "/v1/integrator/credentials", `{"document":"data:application/pdf;base64,AAAABBBBCCCC"}`, func(h http.Header) { h.Set("X-Signature", "0x3006020101020101") })
	_, page = statusPage(t, server, "requests/3")
	assert.NotContains(t, page, "AAAABBBBCCCC", "nor in the text that has to be signed")
}

// What the pages hide, the control API hides as well.
func TestJournalOfTheControlAPIKeepsSecrets(t *testing.T) {
	server := newServer(t)
	c := newController(t, server)
	content := base64.StdEncoding.EncodeToString([]byte("%PDF-1.7\n"))
	req := ada()
	req.VerificationDocuments = []byzantine.UserVerificationDocument{passport(t)}
	made, err := server.Client().CreateIndividualAccount(t.Context(), req)
	require.NoError(t, err)
	created, err := server.Client().CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{Label: "x"})
	require.NoError(t, err)
	otp, err := server.Client().InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: made.AccountID, UserID: made.RootUsers[0].UserID})
	require.NoError(t, err)
	session, err := server.Client().OTPAuth(t.Context(), &byzantine.OTPAuthRequest{
		AccountID: made.AccountID, UserID: made.RootUsers[0].UserID, OTPID: otp.OTPID, OTPCode: server.OTPCode(otp.OTPID),
	})
	require.NoError(t, err)

	// A signature over the path without its query, a body without its end, and a response that the journal cuts in the key.
	const body = `{"document":"data:application/pdf;base64,AAAABBBBCCCC"}`
	send(t, server, "POST", "/v1/integrator/credentials?dry=1", body, signedAs(t, server, "POST", "/v1/integrator/credentials", body))
	send(t, server, "POST", "/v1/integrator/credentials", body[:len(body)-2], nil)
	long := strings.Repeat("x", 3900)
	last, err := server.Client().CreateCredential(t.Context(), &byzantine.CreateCredentialRequest{Label: long})
	require.NoError(t, err)

	_, text := c.call("getRequests", "")
	for what, secret := range map[string]string{
		"a document": content, "a private key": created.PrivateKey.Reveal(), "the beginning of a private key": last.PrivateKey.Reveal()[:8],
		"a session": session.Session, "a document in a rejected request": "AAAABBBBCCCC",
	} {
		assert.NotContains(t, text, secret, what)
		for n := range 7 {
			_, page := statusPage(t, server, fmt.Sprint("requests/", n+1))
			assert.NotContains(t, page, secret, what)
		}
	}
	requests := c.ok("getRequests", "")["requests"].([]any)
	require.Len(t, requests, 7)
	first, second := requests[6].(map[string]any), requests[5].(map[string]any)
	assert.Contains(t, first["body"], fmt.Sprintf(";base64,(%d bytes of base64, SHA-256 %x)", len(content), sha256.Sum256([]byte(content))))
	assert.Contains(t, second["response"], `"privateKey":"(not shown)"`)
	assert.Contains(t, second["response"], created.Pubkey, "all else is shown")
}

// Size and hash of a document are those of the document, also where it was taken out of the journal already.
func TestLargeDocumentsAreNamedOnce(t *testing.T) {
	server := newServer(t)
	content := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), 10_000))
	send(t, server, "POST", "/v1/integrator/credentials", `{"document":"data:application/pdf;base64,`+content+`"}`, nil)
	want := fmt.Sprintf("(%d bytes of base64, SHA-256 %x)", len(content), sha256.Sum256([]byte(content)))
	_, page := statusPage(t, server, "requests/1")
	assert.Contains(t, plain(page), want)
	_, text := newController(t, server).call("getRequests", "")
	assert.Contains(t, text, want)
}

func TestRequestsAreFiltered(t *testing.T) {
	server := newServer(t)
	_, err := server.Client().Whoami(t.Context())
	require.NoError(t, err)
	send(t, server, "POST", "/v1/integrator/credentials", `{"label":"x"}`, func(h http.Header) { h.Set("X-Signature", "0x3006020101020101") })
	fetch(t, server.URL+"/v1/no/such/route?Name=Ada")
	server.Fail(byzantine.OpListEvents, 1, byzantinetest.Fault{Reset: true})
	server.Client(byzantine.WithMaxAttempts(1)).ListEvents(t.Context(), nil)
	for query, want := range map[string]string{
		"":                             "4 3 2 1",
		"?method=POST":                 "2",
		"?method=get":                  "4 3 1",
		"?text=NO/such":                "3",
		"?text=name%3DADA":             "3",
		"?text=list_events":            "4",
		"?outcome=success":             "1",
		"?outcome=rejected":            "3 2",
		"?outcome=error":               "",
		"?outcome=fault":               "4",
		"?verdict=x-signature":         "2",
		"?verdict=no+route&method=GET": "3",
		"?verdict=no+route&method=PUT": "",
		"?text=+whoami+":               "1",
	} {
		res, page := statusPage(t, server, "requests"+query)
		require.Equal(t, 200, res.StatusCode)
		var numbers []string
		for _, found := range regexp.MustCompile(`data-key="request-(\d+)"`).FindAllStringSubmatch(page, -1) {
			numbers = append(numbers, found[1])
		}
		assert.Equal(t, want, strings.Join(numbers, " "), query)
		if want == "" {
			assert.Contains(t, page, "No request matches.")
		}
	}
	_, page := statusPage(t, server, "requests?method=GET&outcome=rejected&text=such&verdict=route")
	for _, kept := range []string{`<option selected>GET</option>`, `<option value="rejected" selected>`, `name="text" type="search" value="such"`, `name="verdict" type="search" value="route"`} {
		assert.Contains(t, page, kept)
	}
}

// Thousands of requests are shown a page at a time, and none is missed.
func TestManyRequestsArePaged(t *testing.T) {
	server := newServer(t)
	count := longtest.Count(2000, 10_000)
	network := byzantinetest.InProcess(server.Sandbox)
	for n := range count {
		r := httptest.NewRequest("GET", fmt.Sprintf("/v1/health?n=%d", n), nil)
		_, err := network.RoundTrip(r)
		require.NoError(t, err)
	}
	seen, next := 0, "/_sandbox/requests?text=health"
	older := regexp.MustCompile(`<a href="([^"]*)">Older</a>`)
	for next != "" {
		res, page := fetch(t, server.URL+next)
		require.Equal(t, 200, res.StatusCode)
		require.Less(t, len(page), 100<<10)
		seen += strings.Count(page, `data-key="request-`)
		next = ""
		if found := older.FindStringSubmatch(page); found != nil {
			next = strings.ReplaceAll(found[1], "&amp;", "&")
			require.Contains(t, next, "text=health", "the filter stays")
		}
	}
	assert.Equal(t, count, seen)
	_, page := statusPage(t, server, "requests?skip=60")
	text := section(t, page, "requests")
	assert.Contains(t, text, fmt.Sprint(count, " requests"))
	assert.Contains(t, text, fmt.Sprint("61 to 90 of ", count, " Newest Newer Older"))
	assert.NotContains(t, page, " data-live", "a page in the middle of a list stands still")
	_, page = statusPage(t, server, "")
	assert.Contains(t, section(t, page, "requests"), fmt.Sprint("All requests, ", count))
	assert.Less(t, len(page), 60<<10)
	_, page = statusPage(t, server, "requests/1")
	assert.Contains(t, page, "/v1/health?n=0", "a permalink of an old one")
}

func TestBodiesAreCutOnThePage(t *testing.T) {
	server := newServer(t)
	big := `{"label":"` + strings.Repeat("é", 1<<20) + `"}`
	status, _ := send(t, server, "POST", "/v1/integrator/credentials", big, nil)
	require.Equal(t, 201, status)
	_, page := statusPage(t, server, "requests/1")
	assert.Less(t, len(page), 40<<10)
	assert.Contains(t, page, fmt.Sprintf(" ... (%d bytes)", len(big)))
}

// The plot says in words and in a table what it shows.
func TestPlotOfTheRequests(t *testing.T) {
	server := stopped(t)
	plot := func() (page, words string) {
		_, page = statusPage(t, server, "requests")
		found := regexp.MustCompile(`(?s)<figure.*?</figure>`).FindString(page)
		return found, plain(found)
	}
	_, page := statusPage(t, server, "requests")
	assert.NotContains(t, page, "<figure", "there is nothing to see yet")
	for range 3 {
		fetch(t, server.URL+"/v1/health")
	}
	_, words := plot()
	assert.Contains(t, words, "3 requests between 11:59:49 and 12:00:01: 3 success. At most 3 within 1 second.")
	server.Advance(10 * time.Minute)
	fetch(t, server.URL+"/v1/lost")
	figure, words := plot()
	assert.Contains(t, words, "success 3 rejected 1 error 0 fault 0")
	assert.Contains(t, words, "4 requests between 12:00:00 and 12:10:30: 3 success, 1 rejected. At most 3 within 30 seconds.")
	assert.Contains(t, words, "from success rejected error fault 12:00:00 3 0 0 0 12:10:00 0 1 0 0")
	assert.Contains(t, figure, `role="img" aria-label="4 requests between`)
	assert.Equal(t, 2, strings.Count(figure, `height="`)-len([]string{"success", "rejected", "error", "fault"}), "two bars beside the legend")

	// Somebody sets the clock back, and forward by years.
	server.SetTime(noon.AddDate(-2, 0, 0))
	fetch(t, server.URL+"/v1/health")
	server.SetTime(noon.AddDate(50, 0, 0))
	fetch(t, server.URL+"/v1/health")
	_, words = plot()
	assert.Contains(t, words, "6 requests between ")
	assert.Contains(t, words, "At most ")
	server.SetTime(time.Date(2200, 12, 31, 0, 0, 0, 0, time.UTC))
	fetch(t, server.URL+"/v1/health")
	server.SetTime(time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC))
	fetch(t, server.URL+"/v1/health")
	_, words = plot()
	assert.Contains(t, words, "8 requests between ")
}

// Pages are read while calls change what they show. The race detector sees what the two share.
func TestPagesBesideCalls(t *testing.T) {
	w := newWebhookWorld(t)
	i := newActiveInvestor(t, w.server)
	w.endpoint.answer(503)
	i.deposited(byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"))
	paths := append([]string{"accounts/" + i.accountID, "requests/1"}, pagePaths...)
	for _, tx := range i.transactions() {
		paths = append(paths, "transactions/"+tx.TransactionID)
	}
	for _, d := range w.server.Deliveries(byzantine.ListWebhookDeliveriesRequest{}) {
		paths = append(paths, "webhooks/"+d.Delivery.ID)
	}
	var readers sync.WaitGroup
	for _, path := range paths {
		readers.Go(func() {
			for range 5 {
				res, err := http.Get(w.server.URL + byzantinetest.StatusPath + path)
				if assert.NoError(t, err) {
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
					assert.Equal(t, 200, res.StatusCode, path)
				}
			}
		})
	}
	for range 5 {
		w.happen(byzantine.VerificationInactive, byzantine.VerificationActive)
		i.deposited(byzantinetest.VaultBaseUSDC, byzantine.MustParseDecimal("1"))
		w.server.Advance(time.Minute)
	}
	readers.Wait()
}

// No page is written under the world's lock: a browser that reads slowly holds up nobody.
func TestASlowBrowserHoldsUpNobody(t *testing.T) {
	server := newServer(t)
	blocked := &slowWriter{header: http.Header{}, writing: make(chan struct{}), release: make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		server.ServeHTTP(blocked, httptest.NewRequest("GET", "http://localhost"+byzantinetest.StatusPath, nil))
	}()
	<-blocked.writing
	_, err := server.Client().Whoami(t.Context())
	assert.NoError(t, err)
	close(blocked.release)
	<-ended
	assert.True(t, bytes.Contains(blocked.got.Bytes(), []byte("</html>")))
}

type slowWriter struct {
	header           http.Header
	got              bytes.Buffer
	writing, release chan struct{}
}

func (w *slowWriter) Header() http.Header { return w.header }
func (w *slowWriter) WriteHeader(int)     {}
func (w *slowWriter) Write(p []byte) (int, error) {
	close(w.writing)
	<-w.release
	return w.got.Write(p)
}
