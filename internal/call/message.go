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

// maxMessage is how many bytes of the server's text an error shows at most.
const maxMessage = 300

// serverMessage returns the message in an error body: the "error" (or "message") field of a JSON object, the first text
// of an HTML page, the first line of anything else. The result is one printable line, shortened, and often empty.
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
	// The message cannot need more than this, so an error page of several MiB is not read in full.
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

// Printable returns s as one line without control, format or invalid characters, so that a response cannot forge a log
// line or a terminal sequence.
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

// requestIDHeaders are the headers in which servers and the usual intermediaries name a request, the server's own first.
var requestIDHeaders = []string{"X-Request-Id", "X-Correlation-Id", "X-Amzn-Requestid", "X-Amzn-Trace-Id", "Cf-Ray"}

// maxRequestID is the longest request id that an error shows.
const maxRequestID = 128

// requestID returns the server's id of a request, "" if there is none or if it has other than visible ASCII characters.
func requestID(h http.Header) string {
	for _, name := range requestIDHeaders {
		id := h.Get(name)
		if id != "" && len(id) <= maxRequestID && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return id
		}
	}
	return ""
}
