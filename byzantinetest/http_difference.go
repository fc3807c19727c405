package byzantinetest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// Difference is where the text that a signature covers differs from the text that it has to cover.
type Difference struct {
	Hint     string // what was signed, in words
	Offset   int    // of the first byte that differs
	Expected []byte // up to 200 bytes of the right text, around Offset
	Signed   []byte // up to 200 bytes of the text that was signed, around Offset
}

// aroundBytes is how much of a text is shown around a difference, half of it on each side.
const aroundBytes = 200

func newDifference(hint string, expected, signed []byte) *Difference {
	offset := 0
	for offset < len(expected) && offset < len(signed) && expected[offset] == signed[offset] {
		offset++
	}
	around := func(text []byte) []byte {
		return bytes.Clone(text[max(0, offset-aroundBytes/2):min(len(text), offset+aroundBytes/2)])
	}
	return &Difference{hint, offset, around(expected), around(signed)}
}

// mismatchError rejects a signature, or a signedBody that is not the payload's.
type mismatchError struct {
	*rejection
	difference     *Difference // nil if it is not known what was signed
	expectedBytes  int
	expectedSHA256 string
}

func (e *mismatchError) Unwrap() error { return e.rejection }

// maxTriedBytes is how long a body can be for other forms of it to be tried.
const maxTriedBytes = 1 << 20

// rejectedSignature is the error of a request whose signature does not verify. It tries what signers are known to do
// otherwise. moved says how the clock was moved, for a signature that is rejected for its age.
func rejectedSignature(err error, key *ecdsa.PublicKey, moved string, signature byzantine.RequestSignature, r *http.Request, body []byte) *mismatchError {
	expected := slices.Concat([]byte(signature.Timestamp+r.Method+r.RequestURI), body)
	digest := sha256.Sum256(expected)
	e := &mismatchError{unauthorized("%v", err), nil, len(expected), hex.EncodeToString(digest[:])}
	der, hexErr := hex.DecodeString(strings.TrimPrefix(signature.Signature, "0x"))
	switch {
	case hexErr != nil:
		return e
	case ecdsa.VerifyASN1(key, digest[:], der): // the right text: then the signature is rejected for its age
		e.rejection = unauthorized("%v%s", err, moved)
		return e
	}
	for _, other := range otherTexts(signature.Timestamp, r, body) {
		if bytes.Equal(other.text, expected) {
			continue
		}
		digest := sha256.Sum256(other.text)
		if ecdsa.VerifyASN1(key, digest[:], der) {
			e.difference = newDifference(other.hint, expected, other.text)
			e.rejection = unauthorized("%v: it covers %s, which differs from byte %d on", err, other.hint, e.difference.Offset)
			return e
		}
	}
	e.rejection = unauthorized("%v: what it covers is not known; it has to cover %d bytes with the SHA-256 %s", err, e.expectedBytes, e.expectedSHA256)
	return e
}

// movedClock says by how much the sandbox's clock differs from the machine's, if it was moved, for this request by a fault.
func movedClock(now time.Time, skew time.Duration) string {
	if skew != 0 {
		return fmt.Sprintf("; a clockSkew fault moves the clock by %v for this request: the Date header has its time", skew)
	}
	switch ahead := time.Until(now).Round(time.Second); {
	case ahead > maxUnnoticed:
		return fmt.Sprintf("; the sandbox's clock is %v ahead of the machine's: GET %sclock has its time", ahead, ControlPath)
	case ahead < -maxUnnoticed:
		return fmt.Sprintf("; the sandbox's clock is %v behind the machine's: GET %sclock has its time", -ahead, ControlPath)
	}
	return ""
}

// maxUnnoticed is how far a clock can be off without a signature being rejected for it.
const maxUnnoticed = time.Minute

// otherText is something that a signer may have signed by mistake.
type otherText struct {
	hint string
	text []byte
}

func otherTexts(timestamp string, r *http.Request, body []byte) []otherText {
	uri, method := r.RequestURI, r.Method
	path, query, _ := strings.Cut(uri, "?")
	host := r.Host + uri
	var all []otherText
	try := func(hint, head string, body []byte) {
		all = append(all, otherText{hint, slices.Concat([]byte(head), body)})
	}
	try("the path without its query", timestamp+method+path, body)
	try("the method in lower case", timestamp+strings.ToLower(method)+uri, body)
	try("the path without /v1", timestamp+method+strings.TrimPrefix(uri, "/v1"), body)
	try("the whole URL", timestamp+method+"http://"+host, body)
	try("the whole URL", timestamp+method+"https://"+host, body)
	try("the timestamp in milliseconds", timestamp+"000"+method+uri, body)
	try("method and path in front of the timestamp", method+uri+timestamp, body)
	for _, separator := range []string{"\n", " ", ".", ":", "|"} {
		try("separators between its parts", strings.Join([]string{timestamp, method, uri, ""}, separator), body)
	}
	if decoded, err := url.PathUnescape(uri); err == nil {
		try("the query decoded", timestamp+method+decoded, body)
	}
	if values, err := url.ParseQuery(query); err == nil && query != "" {
		try("the query in another order or spelling", timestamp+method+path+"?"+values.Encode(), body)
	}
	if len(body) > maxTriedBytes {
		return all
	}
	head := timestamp + method + uri
	try("no body", head, nil)
	try("{} for the body", head, []byte("{}"))
	try("null for the body", head, []byte("null"))
	try("the body without the white space at its end", head, bytes.TrimRight(body, " \r\n\t"))
	try("the body with a newline at its end", head, append(bytes.Clone(body), '\n'))
	for _, form := range bodyForms(body) {
		try(form.hint, head, form.text)
	}
	return all
}

// bodyForms are other ways to write a body's JSON.
func bodyForms(body []byte) []otherText {
	var forms []otherText
	var compact, indented bytes.Buffer
	if json.Compact(&compact, body) != nil {
		return nil
	}
	forms = append(forms, otherText{"the body without white space", bytes.Clone(compact.Bytes())})
	for _, indent := range []string{"  ", "    ", "\t", " ", "   ", "      ", "        "} {
		indented.Reset()
		json.Indent(&indented, compact.Bytes(), "", indent) // which was valid a moment ago
		forms = append(forms, otherText{"the body with indentation", bytes.Clone(indented.Bytes())})
	}
	var escaped bytes.Buffer
	json.HTMLEscape(&escaped, compact.Bytes())
	forms = append(forms,
		otherText{"the body with <, > and & escaped", escaped.Bytes()},
		otherText{"the body with blanks after commas and colons", spaced(compact.Bytes())})
	var value any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if dec.Decode(&value) == nil {
		if sorted, err := json.Marshal(value); err == nil {
			forms = append(forms, otherText{"the body with its names sorted", sorted})
		}
	}
	return forms
}

// spaced puts a blank after each comma and colon outside of texts, as Python's json.dumps does.
func spaced(compact []byte) []byte {
	var out []byte
	inside, escaped := false, false
	for _, c := range compact {
		out = append(out, c)
		switch {
		case escaped:
			escaped = false
		case inside && c == '\\':
			escaped = true
		case c == '"':
			inside = !inside
		case !inside && (c == ',' || c == ':'):
			out = append(out, ' ')
		}
	}
	return out
}
