package call

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// The message of an error body is one printable line of limited length, whatever the body is.
func FuzzServerMessage(f *testing.F) {
	for _, seed := range []string{
		"", "plain", `{"error":"text"}`, `{"message":"text"}`, `{"error":{"a":1}}`, `{"error":null}`, `"text"`, "null", "[1]",
		"<html><title>502</title>", "<TITLE>x", "<title>", "<", "<>", "<a", "İ<title>x</title>", strings.Repeat("İ", 200) + "<title>",
		"<title>&#27;[31m</title>", "\xff\xfe", "\x1b[31m", "a\u202eb", strings.Repeat("<p>", 10_000), strings.Repeat("é", 1000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		message := serverMessage(body)
		if len(message) > maxMessage+len("...") {
			t.Errorf("%d bytes", len(message))
		}
		if !utf8.ValidString(message) || strings.ContainsFunc(message, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("not printable: %q", message)
		}
		if message != strings.TrimSpace(message) {
			t.Errorf("blanks around: %q", message)
		}
		if Printable(message) != message && !strings.HasSuffix(message, "...") {
			t.Errorf("%q is printed as %q", message, Printable(message))
		}
	})
}

// Whatever a Retry-After header says, the wait is not negative, and a whole number is read as seconds.
func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, time.September, 1, 12, 0, 0, 0, time.UTC)
	for _, seed := range []string{
		"", "0", "1", "30", "31", "-1", "+1", "1.5", "0x10", "99999999999999999999", "soon", now.Add(10 * time.Second).Format(http.TimeFormat),
		now.Format(time.RFC850), now.Format(time.ANSIC), "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		f.Add(seed, "")
		f.Add(seed, now.Add(time.Hour).Format(http.TimeFormat))
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		wait := RetryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, now)
		if wait < 0 {
			t.Errorf("waits for %s", wait)
		}
		if n, err := strconv.ParseUint(value, 10, 32); err == nil && wait != time.Duration(n)*time.Second {
			t.Errorf("%q is read as %s", value, wait)
		}
	})
}

// Whatever Date two responses have, the request is sent again at most once because of the clock, no correction of more
// than an hour is tried, and the kept correction changes only if a signature with another one was accepted.
func FuzzDate(f *testing.F) {
	now := time.Date(2026, time.September, 1, 12, 0, 0, 0, time.UTC)
	for _, seed := range []string{
		"", "today", now.Format(http.TimeFormat), now.Add(10 * time.Minute).Format(http.TimeFormat), now.Add(-2 * time.Hour).Format(http.TimeFormat),
		now.Format(time.RFC850), now.Format(time.ANSIC), "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		f.Add(seed, "", 401, 200, int64(0))
		f.Add(seed, "0", 401, 404, int64(time.Hour))
		f.Add(seed, "", 200, 200, int64(-time.Hour))
		f.Add(seed, "", 403, 401, int64(time.Minute))
	}
	f.Fuzz(func(t *testing.T, date, age string, status, secondStatus int, correction int64) {
		c := &Caller{logger: slog.New(slog.DiscardHandler)}
		x := &Exchange{caller: c, request: Request{Dated: true}}
		header := http.Header{"Date": {date}}
		if age != "" {
			header["Age"] = []string{age}
		}
		correction %= int64(maxSkew)
		c.clock.correction.Store(correction)
		respond := func(status int) (*attempt, bool) {
			x.chooseClock()
			return x.settleClock(t.Context(), &attempt{response: Response{StatusCode: status, Header: header}, responded: now})
		}
		_, resend := respond(status)
		if resend && status != 400 && status != 401 && status != 403 {
			t.Errorf("status %d leads to another clock", status)
		}
		if resend && age != "" && x.clock.correction != 0 {
			t.Errorf("a copy's Date leads to a correction of %s", x.clock.correction)
		}
		if x.clock.correction.Abs() > maxSkew {
			t.Errorf("tries %s", x.clock.correction)
		}
		if c.clock.correction.Load() != correction {
			t.Error("the first response proves nothing")
		}
		by, again := respond(secondStatus)
		if resend && again {
			t.Error("a second resend")
		}
		// Either the second clock was accepted, or, after a success that cast doubt on the kept correction, a signature
		// without a correction.
		proven := isSuccess(secondStatus) || (status == 401 && passed(secondStatus))
		if got := c.clock.correction.Load(); got != correction && !(proven && (resend || (isSuccess(status) && got == 0))) {
			t.Errorf("%d and %d change the correction from %d to %d", status, secondStatus, correction, got)
		}
		if resend && rejected(secondStatus) && !(status == 401 && passed(secondStatus)) && by.response.StatusCode != status {
			t.Errorf("after %d and %d the error is that of %d", status, secondStatus, by.response.StatusCode)
		}
	})
}
