package fake

import (
	"encoding/hex"
	"net/http"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// Response is a response as it goes on the wire.
type Response struct {
	Status  int
	Body    []byte
	Plain   bool   // text, not JSON
	Verdict string // for the journal: why the response is not a success
}

// JSON is a response whose body is a value in JSON.
func JSON(status int, value any) Response {
	body, err := wire.Marshal(value)
	if err != nil {
		return Text(http.StatusInternalServerError, err.Error())
	}
	return Response{Status: status, Body: body}
}

// Text is an error in plain text.
func Text(status int, text string) Response {
	return Response{Status: status, Body: []byte(text), Plain: true, Verdict: text}
}

// UUID puts a version and the variant into 16 bytes and writes them as a UUID (RFC 9562).
func UUID(b [16]byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
