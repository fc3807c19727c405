package passkey

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecodeBase64(t *testing.T) {
	for _, spelling := range []string{"-_8", "-_8=", "+/8", "+/8="} {
		b, err := decodeBase64(spelling)
		require.NoError(t, err, spelling)
		assert.Equal(t, []byte{0xfb, 0xff}, b)
	}
	for spelling, reason := range map[string]string{
		"-/8":      "is not base64url", // base64url and standard base64 mixed
		"-_9":      "is not base64url", // an unused bit is set
		"A":        "is not base64url",
		"AA A":     "is not base64url",
		"AA=A":     "is not base64url",
		"AAAA\n":   "contains a line break",
		"AA\rAA":   "contains a line break",
		"AAA==":    "is padded wrongly",
		"AAAA=":    "is padded wrongly",
		"A===":     "is padded wrongly",
		"AAAA====": "is padded wrongly",
		"=":        "is padded wrongly",
	} {
		_, err := decodeBase64(spelling)
		assert.EqualError(t, err, reason, spelling)
	}
}

func FuzzDecodeBase64(f *testing.F) {
	for _, seed := range []string{"", "-_8", "+/8=", "AAAA====", "AA\nAA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := decodeBase64(s)
		if err != nil {
			return
		}
		again, err := decodeBase64(encodeBase64(b))
		require.NoError(t, err)
		assert.Equal(t, b, again)
		assert.Equal(t, (len(b)*8+5)/6, len(encodeBase64(b)))
	})
}
