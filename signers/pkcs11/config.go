//go:build cgo

package pkcs11

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// DefaultMaxSessions is the number of sessions of a Signer whose Config names none.
const DefaultMaxSessions = 8

// Config says which key of which token signs.
type Config struct {
	// Module is the path of the PKCS #11 library, which the token's maker provides. Required.
	Module string
	// TokenLabel and TokenSerial select the token; at least one is required. Slot numbers do not, because many libraries
	// number the slots again at each start.
	TokenLabel, TokenSerial string
	// PIN is the user's PIN. It can be empty for a token that needs none, or that has a keypad of its own.
	PIN byzantine.Secret
	// KeyLabel (CKA_LABEL) and KeyID (CKA_ID) select the private key; at least one is required.
	KeyLabel string
	KeyID    []byte
	// MaxSessions bounds how many signatures are made at a time; further callers wait. 0 means DefaultMaxSessions.
	MaxSessions int
}

func (c *Config) check() error {
	switch {
	case c.Module == "":
		return errors.New("Config.Module: missing; it is the path of the token's PKCS #11 library")
	case c.TokenLabel == "" && c.TokenSerial == "":
		return errors.New("Config.TokenLabel and Config.TokenSerial: one of them is needed")
	case c.KeyLabel == "" && len(c.KeyID) == 0:
		return errors.New("Config.KeyLabel and Config.KeyID: one of them is needed")
	case c.MaxSessions < 0:
		return errors.New("Config.MaxSessions: must not be negative")
	}
	if strings.ContainsRune(c.Module, os.PathSeparator) {
		if _, err := os.Stat(c.Module); err != nil {
			return fmt.Errorf("Config.Module: %w", err)
		}
	}
	if c.MaxSessions == 0 {
		c.MaxSessions = DefaultMaxSessions
	}
	return nil
}

// token names the token in errors.
func (c *Config) token() string {
	return strings.TrimSpace(named("label", c.TokenLabel) + named("serial number", c.TokenSerial))
}

// key names the key in errors.
func (c *Config) key() string {
	id := ""
	if len(c.KeyID) > 0 {
		id = fmt.Sprintf("%x", c.KeyID)
	}
	return strings.TrimSpace(named("label", c.KeyLabel) + named("id", id))
}

func named(what, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf(" %s %q", what, value)
}
