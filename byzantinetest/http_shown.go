package byzantinetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/fake"
)

// What pages and the control API show of a body is made here and nowhere else.

// shownText is the beginning of a body, or of another text that holds one, without documents and secrets.
func shownText(body []byte) string {
	text, more := withoutSecrets(withoutDocuments(body)), ""
	if len(text) > maxShownBytes {
		text, more = text[:maxShownBytes], " ..."
	}
	return strings.ToValidUTF8(string(text), "\uFFFD") + more
}

// shownResponse is a body without documents and secrets, indented if it is JSON.
func shownResponse(body []byte) string {
	body = withoutSecrets(withoutDocuments(body))
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") == nil {
		body = out.Bytes()
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// secretFields are the fields of responses whose values are shown nowhere: the private key of a new credential and the
// token of an OTP session. A value may end where the journal has cut the body.
var secretFields = regexp.MustCompile(`("(?:privateKey|session)"\s*:\s*")(?:[^"\\]|\\.)*`)

func withoutSecrets(body []byte) []byte {
	return secretFields.ReplaceAll(body, []byte("${1}(not shown)"))
}

// documentMark is in front of the content of a document, in a data URI.
var documentMark = []byte(";base64,")

// withoutDocuments puts size and hash in the place of the documents of a body in JSON. A document that has lost its closing
// quotation mark reaches to the end of the body.
func withoutDocuments(body []byte) []byte {
	var short []byte
	for len(short) <= fake.MaxJournalBody {
		start := bytes.Index(body, documentMark)
		if start < 0 {
			break
		}
		start += len(documentMark)
		content := body[start:]
		if end := bytes.IndexByte(content, '"'); end >= 0 {
			content = content[:end]
		}
		short = append(short, body[:start]...)
		if bytes.HasPrefix(content, []byte("(")) { // it was taken out already: this is no base64
			short = append(short, content...)
		} else {
			short = fmt.Appendf(short, "(%d bytes of base64, SHA-256 %x)", len(content), sha256.Sum256(content))
		}
		body = body[start+len(content):]
	}
	return append(short, body[:min(len(body), fake.MaxJournalBody)]...)
}
