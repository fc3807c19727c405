package call

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMessage is the maximum length of the server's text in an error, in bytes.
const maxMessage = 300

// serverMessage returns the message in the body of an error response: the "error" (or "message") field of a JSON object
// if it is a text, a JSON text, the title or first text of an HTML page, or the first line of anything else. The result
// is made Printable, and is empty if the body has none of these.
func serverMessage(body []byte) string {
	body = bytes.TrimSpace(body)
	var object struct {
		Error   json.RawMessage `json:"error"`
		Message json.RawMessage `json:"message"`
	}
	if json.Unmarshal(body, &object) == nil {
		for _, value := range []json.RawMessage{object.Error, object.Message} {
			var s string
			if json.Unmarshal(value, &s) == nil && strings.TrimSpace(s) != "" {
				return Printable(s)
			}
		}
	}
	var text string
	if json.Unmarshal(body, &text) == nil {
		return Printable(text)
	}
	// The message has at most maxMessage bytes, so only the beginning of a large error page is examined.
	body = body[:min(len(body), 64*maxMessage)]
	if bytes.HasPrefix(body, []byte("<")) {
		return Printable(firstHTMLText(string(body)))
	}
	line, _, _ := strings.Cut(string(body), "\n")
	return Printable(line)
}

// firstHTMLText returns the title of a page, or else its first text outside of tags.
func firstHTMLText(page string) string {
	if at := strings.Index(strings.ToLower(page), "<title>"); at >= 0 {
		// ToLower can change the length of text that is not ASCII, hence the check of the bound.
		if rest := page[min(at+len("<title>"), len(page)):]; rest != "" {
			title, _, _ := strings.Cut(rest, "<")
			if title = strings.TrimSpace(title); title != "" {
				return html.UnescapeString(title)
			}
		}
	}
	for page != "" {
		text, rest, _ := strings.Cut(page, "<")
		if text = strings.TrimSpace(text); text != "" {
			return html.UnescapeString(text)
		}
		_, page, _ = strings.Cut(rest, ">")
	}
	return ""
}

// Printable returns s as one line of at most maxMessage bytes and "...", without control, format or invalid characters,
// so that a response cannot forge a log line or a terminal sequence.
func Printable(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if b.Len()+utf8.RuneLen(r) > maxMessage {
			b.WriteString("...")
			break
		}
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// requestIDHeaders are the headers in which servers and common proxies return the id of a request. The first one in
// this list that has a valid id counts.
var requestIDHeaders = []string{"X-Request-Id", "X-Correlation-Id", "X-Amzn-Requestid", "X-Amzn-Trace-Id", "Cf-Ray"}

// maxRequestID is the maximum length of a request id; a longer one is left out.
const maxRequestID = 128

// requestID returns the first id in requestIDHeaders that is not too long and has visible ASCII characters only, "" if
// there is none.
func requestID(h http.Header) string {
	for _, name := range requestIDHeaders {
		id := h.Get(name)
		if id != "" && len(id) <= maxRequestID && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return id
		}
	}
	return ""
}
