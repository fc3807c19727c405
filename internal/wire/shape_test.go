package wire_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

func TestSecondsHaveOneSpelling(t *testing.T) {
	for text, want := range map[string]bool{
		"0": true, "1760375826": true, strconv.FormatInt(wire.LastSecond, 10): true, strconv.FormatInt(wire.LastSecond+1, 10): false,
		"": false, "-1": false, "+1": false, "01": false, "1.0": false, " 1": false, "1e3": false, "0x1": false, "99999999999999999999": false,
	} {
		seconds, ok := wire.ParseSeconds(text)
		assert.Equal(t, want, ok, text)
		if ok {
			assert.Equal(t, text, strconv.FormatInt(seconds, 10))
		}
	}
}

func TestIsUUID(t *testing.T) {
	for text, want := range map[string]bool{
		"11111111-2222-4333-8444-555555555555": true, "abcdefAB-CDEF-0000-0000-000000000000": true,
		"": false, "11111111222243338444555555555555": false, "11111111-2222-4333-8444-55555555555": false,
		"11111111-2222-4333-8444-5555555555555": false, "g1111111-2222-4333-8444-555555555555": false,
		"11111111-2222-4333-84445-55555555555": false, "1111111--2222-4333-8444-555555555555": false,
	} {
		assert.Equal(t, want, wire.IsUUID(text), text)
	}
}
