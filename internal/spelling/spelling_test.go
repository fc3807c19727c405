package spelling_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go/internal/spelling"
)

func TestDidYouMean(t *testing.T) {
	known := []string{"init_otp", "otp_auth", "list_events"}
	for word, want := range map[string]string{
		"init_opt": `, did you mean "init_otp"?`, "InitOTP": `, did you mean "init_otp"?`, "list_event": `, did you mean "list_events"?`,
		"whoami": "", "": "", "x": "", "init_otp" + strings.Repeat("x", 1_000_000): "",
	} {
		assert.Equal(t, want, spelling.DidYouMean(word, known), word)
	}
}
