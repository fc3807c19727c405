package byzantine_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// responding returns a fault: the server sends a response with this status, header lines and body to each request, and
// keeps the connection open.
func responding(status int, header, body string) func(*rawConn) {
	return func(c *rawConn) {
		for ok := true; ok; ok = c.receive() {
			c.respond(status, header, body)
		}
	}
}

// sending returns a fault: the server sends text, which need not be HTTP, and closes the connection.
func sending(text string) func(*rawConn) { return func(c *rawConn) { c.send(text) } }

var bodyFaults = []faultRow{
	{
		name: "body cut short", fault: sending(responseHead(200, "Content-Length: 100\n\n") + `{"otpId":`),
		get:   want{requests: 3, is: io.ErrUnexpectedEOF, message: "status 200, but its body broke off"},
		write: want{requests: 1, unknown: true, is: io.ErrUnexpectedEOF, message: "status 200, but its body broke off"},
	},
	{
		name: "chunked body cut short", fault: sending(responseHead(200, "Transfer-Encoding: chunked\n\n") + "5\n{\"a\":\n"),
		get: sentAgain, write: unknown,
	},
	{
		name: "body reset", fault: func(c *rawConn) {
			c.send(responseHead(200, "Content-Length: 100\n\n") + `{"otpId":`)
			c.reset()
		},
		get: sentAgain, write: unknown,
	},
	{
		name: "endless body", fault: func(c *rawConn) {
			c.send(responseHead(200, "\n"))
			for text := strings.Repeat(" ", 4096); ; {
				if _, err := io.WriteString(c, text); err != nil {
					return
				}
			}
		},
		opts:  []byzantine.Option{byzantine.WithMaxResponseBytes(1 << 16)},
		get:   want{requests: 1, status: 200, message: "the response is larger than 65536 bytes"},
		write: want{requests: 1, status: 200, unknown: true, message: "the response is larger than 65536 bytes"},
	},
	{
		name: "endless body of an error", fault: func(c *rawConn) {
			c.send(responseHead(404, "\n") + "no such thing\n")
			for text := strings.Repeat(" ", 4096); ; {
				if _, err := io.WriteString(c, text); err != nil {
					return
				}
			}
		},
		opts: []byzantine.Option{byzantine.WithMaxResponseBytes(1 << 16)},
		get:  want{requests: 1, status: 404, message: "404 Not Found: no such thing"}, write: want{requests: 1, status: 404, message: "404 Not Found: no such thing"},
	},
	{
		name: "length over the limit", fault: func(c *rawConn) {
			c.send(responseHead(200, "Content-Length: 9223372036854775807\n\n"))
			c.untilClosed() // no byte of the body is sent: the client must not wait for one
		},
		get: want{requests: 1, status: 200, message: "larger than"}, write: want{requests: 1, status: 200, unknown: true, message: "larger than"},
	},
	{
		name: "gzip bomb", fault: responding(200, "Content-Encoding: gzip\n", gzipped(make([]byte, 16<<20))),
		opts: []byzantine.Option{byzantine.WithMaxResponseBytes(1 << 20)},
		get:  want{requests: 1, status: 200, message: "larger than"}, write: want{requests: 1, status: 200, unknown: true, message: "larger than"},
	},
	{
		name: "gzip", fault: responding(200, "Content-Encoding: gzip\n", gzipped([]byte(anyResponse))),
		get: want{requests: 1, success: true}, write: want{requests: 1, success: true},
	},
	{
		name: "no gzip", fault: responding(200, "Content-Encoding: gzip\n", anyResponse),
		get: sentAgain, write: unknown,
	},
	{
		name: "invalid JSON", fault: responding(200, "", `{"otpId":"otp-1",}`),
		get:   want{requests: 1, status: 200, message: "the response is not JSON, 18 bytes, at offset 17"},
		write: want{requests: 1, status: 200, unknown: true, message: "the response is not JSON, 18 bytes, at offset 17"},
	},
	{
		name: "HTML with 200", fault: responding(200, "Content-Type: text/html\n", "<html><title>Maintenance</title>"),
		get:   want{requests: 1, status: 200, message: "the response is not JSON, 32 bytes, at offset 0: it looks like HTML or XML"},
		write: want{requests: 1, status: 200, unknown: true, message: "the response is not JSON, 32 bytes, at offset 0: it looks like HTML or XML"},
	},
	{
		name: "204 where JSON is due", fault: sending(responseHead(204, "\n")),
		get:   want{requests: 1, status: 204, message: "the response has no body"},
		write: want{requests: 1, status: 204, unknown: true, message: "the response has no body"},
	},
	{
		name: "null", fault: responding(200, "", " null\n"),
		get:   want{requests: 1, status: 200, message: "the response is null"},
		write: want{requests: 1, status: 200, unknown: true, message: "the response is null"},
	},
}

var statusFaults = func() []faultRow {
	limited := want{requests: 1, status: 429, is: byzantine.ErrRateLimited}
	rows := []faultRow{
		{name: "429", fault: responding(429, "", `{"error":"slow down"}`), get: want{requests: 3, status: 429, is: byzantine.ErrRateLimited, message: "slow down"}, write: limited},
		{name: "429 with Retry-After", fault: responding(429, "Retry-After: 1\n", ""), get: want{requests: 3, status: 429, is: byzantine.ErrRateLimited}, write: limited},
		{
			name: "502 with HTML", fault: responding(502, "Content-Type: text/html\n", "<html><head><title>502 Bad Gateway</title></head>\n<body>nginx</body>"),
			get:   want{requests: 3, status: 502, is: byzantine.ErrServer, message: "502 Bad Gateway: 502 Bad Gateway"},
			write: want{requests: 1, status: 502, is: byzantine.ErrServer, unknown: true},
		},
		{
			name: "502 cut short", fault: sending(responseHead(502, "Content-Length: 100\n\n") + "upstream"),
			get:   want{requests: 3, status: 502, message: "502 Bad Gateway: upstream"},
			write: want{requests: 1, status: 502, unknown: true, message: "502 Bad Gateway: upstream"},
		},
		{
			name: "switching protocols", fault: sending(responseHead(101, "Upgrade: x\nConnection: Upgrade\n\n")),
			get: want{requests: 1, status: 101}, write: want{requests: 1, status: 101, unknown: true},
		},
		{
			name: "401 not skewed", fault: responding(401, "", `{"error":"unknown key"}`),
			get: want{requests: 1, status: 401, is: byzantine.ErrUnauthorized}, write: want{requests: 1, status: 401, is: byzantine.ErrUnauthorized},
		},
	}
	for _, status := range []int{500, 503, 504} {
		rows = append(rows, faultRow{
			name: fmt.Sprint(status), fault: responding(status, "", `{"error":"oops"}`),
			get:   want{requests: 3, status: status, is: byzantine.ErrServer, message: "oops"},
			write: want{requests: 1, status: status, is: byzantine.ErrServer, unknown: true, message: "oops"},
		})
	}
	for _, status := range []int{501, 505, 599} {
		rows = append(rows, faultRow{
			name: fmt.Sprint(status), fault: responding(status, "", ""),
			get:   want{requests: 1, status: status, is: byzantine.ErrServer},
			write: want{requests: 1, status: status, is: byzantine.ErrServer, unknown: true},
		})
	}
	rows = append(rows, faultRow{
		name: "408", fault: responding(408, "", "too slow"),
		get: want{requests: 1, status: 408, message: "too slow"}, write: want{requests: 1, status: 408, unknown: true, message: "too slow"},
	})
	for _, value := range []string{"31", "45", "99999999999999999999", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)} {
		rows = append(rows, faultRow{
			name: "503 with Retry-After: " + value, fault: responding(503, "Retry-After: "+value+"\n", ""),
			get:   want{requests: 1, status: 503, message: "not tried again: the server asks to wait "},
			write: want{requests: 1, status: 503, unknown: true},
		})
	}
	for status, is := range map[int]error{400: byzantine.ErrBadRequest, 403: byzantine.ErrForbidden, 404: byzantine.ErrNotFound, 409: nil, 422: nil} {
		w := want{requests: 1, status: status, is: is, message: "no good"}
		rows = append(rows, faultRow{name: fmt.Sprint(status), fault: responding(status, "", "no good"), get: w, write: w})
	}
	for _, status := range []int{200, 201, 202} {
		w := want{requests: 1, success: true}
		rows = append(rows, faultRow{name: fmt.Sprint(status), fault: responding(status, "", anyResponse), get: w, write: w})
	}
	return rows
}()

// redirectFaults redirect to a path that no request may have; the table's check of the paths would find such a request.
var redirectFaults = func() []faultRow {
	var rows []faultRow
	for _, status := range []int{301, 302, 303, 307, 308} {
		get := want{requests: 1, status: status}
		write := want{requests: 1, status: status, unknown: status == 303} // 303: carried out, the result is elsewhere
		rows = append(
			rows,
			faultRow{name: fmt.Sprint(status), get: get, write: write, fault: func(c *rawConn) {
				responding(status, "Location: "+c.server.url+"/elsewhere\n", "")(c)
			}},
			faultRow{name: fmt.Sprintf("%d without Location", status), fault: responding(status, "", ""), get: get, write: write},
			faultRow{name: fmt.Sprintf("%d to no URL", status), fault: responding(status, "Location: http://[::1\n", ""), get: get, write: write},
		)
	}
	return rows
}()

func gzipped(data []byte) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(data)
	_ = w.Close()
	return out.String()
}
