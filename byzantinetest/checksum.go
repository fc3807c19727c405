package byzantinetest

import (
	"encoding/hex"

	"golang.org/x/crypto/sha3"
)

// checksummed writes an address, 0x and 40 lower-case hexadecimal digits, in the mixed case of EIP-55: a letter is a capital
// where the same place of the address's Keccak-256 hash has a digit of 8 or more.
func checksummed(address string) string {
	digits := []byte(address[2:])
	hash := sha3.NewLegacyKeccak256()
	hash.Write(digits)
	for i, nibble := range hex.EncodeToString(hash.Sum(nil))[:len(digits)] {
		if nibble >= '8' && digits[i] >= 'a' {
			digits[i] -= 'a' - 'A'
		}
	}
	return "0x" + string(digits)
}
