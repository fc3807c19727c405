package byzantinetest_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// endless is a body that nobody should read.
type endless struct{ read atomic.Int64 } // the transport may still read when the response is there

func (e *endless) Read(p []byte) (int, error) {
	if e.read.Add(int64(len(p))) > 80<<20 {
		return 0, io.EOF
	}
	return len(p), nil
}

func TestPagesOnTheWebCannotReachTheSandbox(t *testing.T) {
	server := newServer(t, byzantinetest.WithAllowedHosts("sandbox"))
	for name, c := range map[string]struct {
		method, path, host string
		header             map[string]string
		status             int
	}{
		"loopback":                  {"GET", byzantinetest.StatusPath, "127.0.0.1:8080", nil, 200},
		"loopback, version 6":       {"GET", byzantinetest.StatusPath, "[::1]:8080", nil, 200},
		"localhost":                 {"GET", byzantinetest.StatusPath, "LOCALHOST", nil, 200},
		"an allowed name":           {"GET", byzantinetest.StatusPath, "sandbox:3000", nil, 200},
		"another name":              {"GET", byzantinetest.StatusPath, "rebind.example", nil, 403},
		"a name like it":            {"GET", byzantinetest.StatusPath, "127.0.0.1.example", nil, 403},
		"an address of the network": {"GET", byzantinetest.StatusPath, "192.168.0.7:8080", nil, 403},
		"no name":                   {"GET", byzantinetest.StatusPath + "page.css", "", nil, 200},
		"the API by any name":       {"GET", "/v1/health", "api.example.com", nil, 200},
		"a link from another site":  {"GET", byzantinetest.StatusPath, "localhost", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200},
		"an image of another site":  {"GET", byzantinetest.ControlPath + "requests", "localhost", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403},
		"a link to the control API": {"GET", byzantinetest.ControlPath + "clock", "localhost", map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}, 403},
		"the page asks for data":    {"GET", byzantinetest.ControlPath + "clock", "localhost", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
		"typed into the browser":    {"GET", byzantinetest.ControlPath + "clock", "localhost", map[string]string{"Sec-Fetch-Site": "none"}, 200},
		"posted by another site":    {"POST", "/v1/submit/init-otp", "localhost", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403},
		"posted by an old browser":  {"POST", "/v1/submit/init-otp", "localhost", map[string]string{"Origin": "https://evil.example"}, 403},
		"posted to no route":        {"POST", "/anything", "localhost", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"posted by a program":       {"POST", "/v1/submit/init-otp", "localhost", nil, 400},
		"a form by another name":    {"POST", byzantinetest.StatusPath + "do/reset", "rebind.example", nil, 403},
		"a form of another site":    {"POST", byzantinetest.StatusPath + "do/reset", "localhost", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"a form of an old browser":  {"POST", byzantinetest.StatusPath + "do/reset", "localhost", map[string]string{"Origin": "https://evil.example"}, 403},
		"a form without an origin":  {"POST", byzantinetest.StatusPath + "do/reset", "localhost", map[string]string{"Origin": "null"}, 403},
		"a token of another site":   {"POST", byzantinetest.StatusPath + "token", "localhost", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			body := &endless{}
			var reader io.Reader
			switch {
			case c.method == "POST" && c.status == 403:
				reader = body
			case c.method == "POST":
				reader = strings.NewReader("{}")
			}
			request, err := http.NewRequest(c.method, server.URL+c.path, reader)
			require.NoError(t, err)
			if request.Host = c.host; c.host == "" {
				request.Host = "127.0.0.1"
			}
			for name, value := range c.header {
				request.Header.Set(name, value)
			}
			res, err := http.DefaultClient.Do(request)
			if c.status == 403 && c.method == "POST" && err != nil {
				return // the connection was closed on a body that nobody reads
			}
			require.NoError(t, err)
			defer res.Body.Close()
			assert.Equal(t, c.status, res.StatusCode)
			// The buffers of the two sockets take some megabytes, whether or not anybody reads.
			assert.Less(t, body.read.Load(), int64(64<<20), "the body is not read")
		})
	}
	for _, r := range server.Requests() {
		if r.Status == 403 {
			assert.Empty(t, r.Body)
			assert.NotEmpty(t, r.Verdict)
			if strings.HasPrefix(r.Verdict, "this host name") {
				assert.Contains(t, r.Verdict, "byzantine sandbox -allow-host NAME allows it", "for people without Go, too")
			}
		}
	}
	_, err := byzantinetest.New(byzantinetest.WithAllowedHosts("http://sandbox"))
	assert.ErrorContains(t, err, "WithAllowedHosts")
}

func TestOnlySomeHeadersAreShown(t *testing.T) {
	server := newServer(t)
	send(t, server, "GET", "/v1/integrator/whoami", "", func(h http.Header) {
		h.Set("Authorization", "Bearer of-another-service")
		h.Set("Cookie", "session=of-another-service")
		h.Set("X-Internal", "of-another-service")
		h.Set("User-Agent", "shown/1.0")
	})
	_, page := statusPage(t, server, "requests/1")
	assert.NotContains(t, page, "of-another-service")
	assert.Contains(t, plain(page), "User-Agent shown/1.0")
}
