package errtext_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

func TestTrim(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "",
		"plain":                            "plain",
		"byzantine: x: byzantine: y":       "x: byzantine: y",
		"webhook: byzantine: x":            "x",
		"redis: nil":                       "nil",
		"net: x":                           "net: x",
		"byzantine:x":                      "byzantine:x",
		"a byzantine: x":                   "a byzantine: x",
		"https://byzantine: is not a host": "https://byzantine: is not a host",
	} {
		assert.Equal(t, want, errtext.Trim(text))
	}
}

func TestErrorsStayWhatTheyAre(t *testing.T) {
	inner := fmt.Errorf("byzantine: whoami: %w", context.Canceled)
	outer := fmt.Errorf("passkeytest: Enroll: %w", errtext.Bare(inner))
	assert.EqualError(t, outer, "passkeytest: Enroll: whoami: context canceled")
	assert.ErrorIs(t, outer, inner)
	assert.ErrorIs(t, outer, context.Canceled)

	assert.EqualError(t, errtext.In("webhook", inner), "webhook: whoami: context canceled")
	assert.EqualError(t, errtext.In("webhook", context.Canceled), "webhook: context canceled")
	assert.ErrorIs(t, errtext.In("webhook", inner), context.Canceled)

	plain := errors.New("plain")
	assert.Same(t, plain, errtext.Bare(plain))
	assert.NoError(t, errtext.Bare(nil))
	assert.NoError(t, errtext.In("webhook", nil))
}

func TestFlaw(t *testing.T) {
	const none, several = "it does not begin with the name of a package", "it holds the names of several packages"
	for text, want := range map[string]string{
		"plain": none, "x byzantine: y": none, "byzantine: x": "", "byzantine: whoami: byzantine: x": several, "turnkey: x (byzantine: y)": several,
		"webhook: at https://x/byzantine: y": "", "byzantine: mybyzantine: x": "", "pkcs11: x; pkcs11: y": several, "byzantine: byzantine: x": several,
	} {
		assert.Equal(t, want, errtext.Flaw(text), text)
	}
}
