package fake

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
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

// ReadBody reads a request's body of limit bytes at most. If ok is false, it returns what it has read, and out is the error
// to respond with.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, out Response, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	switch tooLong := (*http.MaxBytesError)(nil); {
	case errors.As(err, &tooLong):
		return body, Text(http.StatusBadRequest, fmt.Sprintf("the body is longer than %d bytes", limit)), false
	case err != nil:
		return body, Text(http.StatusBadRequest, "the body cannot be read: "+wire.Reason(err)), false
	}
	return body, Response{}, true
}

// UUID puts a version and the variant into 16 bytes and writes them as a UUID (RFC 9562).
func UUID(b [16]byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
