package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// ForeignEncoding says in words what is wrong with the encoding of a text that should be UTF-8 without a byte order
// mark: "it begins with a byte order mark". It is empty if nothing is.
func ForeignEncoding(text []byte) string {
	for _, mark := range []struct{ bytes, means string }{
		{"\xEF\xBB\xBF", "it begins with a byte order mark (UTF-8 with BOM)"},
		{"\xFF\xFE\x00\x00", "it is in UTF-32"},
		{"\x00\x00\xFE\xFF", "it is in UTF-32"},
		{"\xFF\xFE", "it is in UTF-16"},
		{"\xFE\xFF", "it is in UTF-16"},
	} {
		if bytes.HasPrefix(text, []byte(mark.bytes)) {
			return mark.means
		}
	}
	// Without a mark: the first character of a JSON text or of a key is ASCII (RFC 4627, section 3).
	if len(text) >= 2 && (text[0] == 0) != (text[1] == 0) {
		return "it is in UTF-16"
	}
	return ""
}

// DescribeNotJSON says where a text stops being one JSON value, and what it looks like instead. It is empty for valid
// JSON. No part of the text is in it: encoding/json's own words quote a character.
func DescribeNotJSON(text []byte) string {
	var syntax *json.SyntaxError
	if !errors.As(json.Unmarshal(text, new(json.RawMessage)), &syntax) {
		return ""
	}
	at := syntax.Offset
	cut := at >= int64(len(text)) && syntax.Error() == unexpectedEnd
	if !cut {
		at -= offsetOfFirst
		// Go 1.27 counts to the end of a character of several bytes.
		for i := 1; i < utf8.UTFMax && 0 < at && at < int64(len(text)) && !utf8.RuneStart(text[at]); i++ {
			at--
		}
	}
	words := fmt.Sprintf("not JSON, %d bytes, at offset %d", len(text), max(at, 0))
	switch encoding := ForeignEncoding(text); {
	case encoding != "":
		return words + ": " + encoding
	case cut:
		return words + ": it is cut short"
	case bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")):
		return words + ": it looks like HTML or XML"
	}
	return words
}

// What encoding/json says of a text that is cut short, and the offset at which it reports an error in the first byte: 1
// in version 1, 0 in version 2.
var unexpectedEnd, offsetOfFirst = func() (string, int64) {
	var end, first *json.SyntaxError
	errors.As(json.Unmarshal([]byte("["), new(json.RawMessage)), &end)
	errors.As(json.Unmarshal([]byte("x"), new(json.RawMessage)), &first)
	return end.Error(), first.Offset
}()
