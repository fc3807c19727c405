//go:build cgo

package pkcs11

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/options"
)

// DefaultMaxSessions is how many sessions a Signer opens at most without [WithMaxSessions].
const DefaultMaxSessions = 8

// config is what the options select: a token, a key on it, and how to use them.
type config struct {
	module                  string // the path of the library
	tokenLabel, tokenSerial string // at least one is set
	pin                     byzantine.Secret
	keyLabel                string // keyLabel or keyID is set
	keyID                   []byte
	maxSessions             int
}

// Option selects the token and the key of a [Signer], or changes how the Signer uses them. [New] returns an error for
// an option with an invalid value, and for a nil one.
type Option func(*config) error

// WithTokenLabel selects the token by its label. This option or [WithTokenSerial] is required; with both, the token
// must have both. There is no option for a slot number, because many libraries number the slots again at each start.
func WithTokenLabel(label string) Option {
	return func(c *config) error { c.tokenLabel = label; return notEmpty("WithTokenLabel", label != "") }
}

// WithTokenSerial selects the token by its serial number.
func WithTokenSerial(serial string) Option {
	return func(c *config) error { c.tokenSerial = serial; return notEmpty("WithTokenSerial", serial != "") }
}

// WithPIN sets the user's PIN. An empty PIN has no effect, as for a token that needs none or has a keypad of its own.
func WithPIN(pin byzantine.Secret) Option {
	return func(c *config) error { c.pin = pin; return nil }
}

// WithKeyLabel selects the private key by its label (CKA_LABEL). This option or [WithKeyID] is required; with both, the
// key must have both.
func WithKeyLabel(label string) Option {
	return func(c *config) error { c.keyLabel = label; return notEmpty("WithKeyLabel", label != "") }
}

// WithKeyID selects the private key by its id (CKA_ID).
func WithKeyID(id []byte) Option {
	return func(c *config) error { c.keyID = bytes.Clone(id); return notEmpty("WithKeyID", len(id) > 0) }
}

// WithMaxSessions sets how many sessions the Signer may have open, and so how many signatures it makes at a time,
// [DefaultMaxSessions] unless set. Further callers wait. Less than 1 is an error.
func WithMaxSessions(n int) Option {
	return func(c *config) error {
		if n < 1 {
			return errors.New("WithMaxSessions: must be at least 1")
		}
		c.maxSessions = n
		return nil
	}
}

func notEmpty(option string, ok bool) error {
	if ok {
		return nil
	}
	return errors.New(option + ": empty")
}

func newConfig(module string, opts []Option) (*config, error) {
	c := &config{module: module, maxSessions: DefaultMaxSessions}
	if err := options.Apply(c, opts); err != nil {
		return nil, err
	}
	switch {
	case c.module == "":
		return nil, errors.New("module: missing; it is the path of the token's PKCS #11 library")
	case c.tokenLabel == "" && c.tokenSerial == "":
		return nil, errors.New("WithTokenLabel and WithTokenSerial: one of them is needed")
	case c.keyLabel == "" && len(c.keyID) == 0:
		return nil, errors.New("WithKeyLabel and WithKeyID: one of them is needed")
	}
	if strings.ContainsRune(c.module, os.PathSeparator) {
		if _, err := os.Stat(c.module); err != nil {
			return nil, fmt.Errorf("module: %w", err)
		}
	}
	return c, nil
}

// token describes the selected token in errors, by its label and serial number.
func (c *config) token() string {
	return strings.TrimSpace(named("label", c.tokenLabel) + named("serial number", c.tokenSerial))
}

// key describes the selected key in errors, by its label and id.
func (c *config) key() string {
	id := ""
	if len(c.keyID) > 0 {
		id = fmt.Sprintf("%x", c.keyID)
	}
	return strings.TrimSpace(named("label", c.keyLabel) + named("id", id))
}

func named(what, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf(" %s %q", what, value)
}
