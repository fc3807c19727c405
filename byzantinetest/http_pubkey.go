package byzantinetest

import (
	"encoding/hex"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/p256"
)

// checkPubkeyForm says what is wrong with the form of X-Pubkey: 0x and the lower-case hexadecimal of a compressed P-256
// point. Its errors do not repeat the value, which could be a private key.
func checkPubkeyForm(pubkey string) error {
	const digits = 66
	hexadecimal, prefixed := strings.CutPrefix(pubkey, "0x")
	switch {
	case !prefixed:
		return unauthorized("X-Pubkey: must begin with 0x")
	case strings.ToLower(hexadecimal) != hexadecimal:
		return unauthorized("X-Pubkey: must be in lower-case hexadecimal")
	case len(hexadecimal) == 130 && strings.HasPrefix(hexadecimal, "04"):
		return unauthorized("X-Pubkey: must be the compressed form of the key, 33 bytes, not the uncompressed one")
	case len(hexadecimal) != digits:
		return unauthorized("X-Pubkey: must have %d hexadecimal digits after 0x, not %d", digits, len(hexadecimal))
	}
	point, err := hex.DecodeString(hexadecimal)
	if err != nil {
		return unauthorized("X-Pubkey: not hexadecimal")
	}
	if _, err := p256.ParseCompressed(point); err != nil {
		return unauthorized("X-Pubkey: not a point of P-256 in compressed form")
	}
	return nil
}
