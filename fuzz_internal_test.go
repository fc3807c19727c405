package byzantine

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// What comes out of an error body is one printable line of limited length, whatever went in.
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
		if printable(message) != message && !strings.HasSuffix(message, "...") {
			t.Errorf("%q is printed as %q", message, printable(message))
		}
	})
}

// Whatever a server asks for, the wait is from nothing to the cap.
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
		wait := retryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, now)
		if wait < 0 || wait > maxRetryAfter {
			t.Errorf("waits for %s", wait)
		}
	})
}

// Whatever date an answer carries, at most one resend comes of it, and no correction of more than an hour.
func FuzzDate(f *testing.F) {
	now := time.Date(2026, time.September, 1, 12, 0, 0, 0, time.UTC)
	for _, seed := range []string{
		"", "today", now.Format(http.TimeFormat), now.Add(10 * time.Minute).Format(http.TimeFormat), now.Add(-2 * time.Hour).Format(http.TimeFormat),
		now.Format(time.RFC850), now.Format(time.ANSIC), "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		f.Add(seed, "", 401, int64(0))
		f.Add(seed, "0", 401, int64(time.Hour))
		f.Add(seed, "", 200, int64(-time.Hour))
	}
	f.Fuzz(func(t *testing.T, date, age string, status int, correction int64) {
		c := &Client{logger: slog.New(slog.DiscardHandler)}
		x := &exchange{client: c, op: &Operation{Signed: true}}
		header := http.Header{"Date": {date}}
		if age != "" {
			header["Age"] = []string{age}
		}
		correction %= int64(maxSkew)
		c.clock.correction.Store(correction)
		a := &attempt{response: Response{StatusCode: status, Header: header}, answered: now, correction: time.Duration(correction)}
		resend := x.checkClock(t.Context(), a)
		got := c.clock.correction.Load()
		if resend && (age != "" || (status != 400 && status != 401 && status != 403)) {
			t.Errorf("status %d and Age %q lead to a correction", status, age)
		}
		if time.Duration(got).Abs() > maxSkew {
			t.Errorf("corrected by %s", time.Duration(got))
		}
		if !resend && got != correction && got != 0 {
			t.Errorf("corrected from %d to %d without a resend", correction, got)
		}
		if x.checkClock(t.Context(), a) {
			t.Error("a second resend")
		}
	})
}
