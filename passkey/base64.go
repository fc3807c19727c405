package passkey

import (
	"encoding/base64"
	"errors"
	"strings"
)

// encodeBase64 encodes in unpadded base64url, the only form that this package returns or sends.
func encodeBase64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decodeBase64 reads base64url and, because older browsers and password managers send it, standard base64, each with or
// without padding. It rejects wrong padding, and line breaks and unused bits that are not zero, which the
// standard library's decoders accept by default.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("contains a line break")
	}
	unpadded := strings.TrimRight(s, "=")
	if padding := len(s) - len(unpadded); padding > 0 && (padding > 2 || len(s)%4 != 0) {
		return nil, errors.New("is padded wrongly")
	}
	encoding := base64.RawURLEncoding
	if strings.ContainsAny(s, "+/") {
		encoding = base64.RawStdEncoding
	}
	decoded, err := encoding.Strict().DecodeString(unpadded)
	if err != nil {
		return nil, errors.New("is not base64url")
	}
	return decoded, nil
}
