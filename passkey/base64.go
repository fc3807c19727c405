package passkey

import (
	"encoding/base64"
	"errors"
	"strings"
)

// encodeBase64 writes the one spelling that leaves this package: unpadded base64url.
func encodeBase64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decodeBase64 reads base64url and, because older browsers and password managers send it, standard base64; padded or
// not. Everything else that decoders let pass is rejected: line breaks, wrong padding, stray bits after the last byte.
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
