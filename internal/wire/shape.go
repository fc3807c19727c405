package wire

import "strconv"

// IsUUID reports whether a text is a UUID: 8-4-4-4-12 hexadecimal digits of either case.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// LastSecond is the end of the year 9999 in Unix seconds. ParseSeconds rejects a later timestamp.
const LastSecond = 253402300799

// ParseSeconds reads a timestamp of a signature: Unix seconds in decimal, in the one spelling that they have.
func ParseSeconds(text string) (seconds int64, ok bool) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	return seconds, err == nil && seconds >= 0 && seconds <= LastSecond && strconv.FormatInt(seconds, 10) == text
}
