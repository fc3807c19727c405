package byzantine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Secret is a text that must not get into logs. Printing, logging, marshalling or dumping it, alone or inside another
// value, never shows the text: mostly it shows "[redacted]". [Secret.Reveal] is the only way to the text.
//
// So encoding/json does not preserve a secret: it writes "[redacted]", and reading that back is an error instead of a
// secret that is silently wrong. Store Reveal() in your vault. A fake of the API has to write the text into a struct of
// its own.
type Secret struct {
	// A function, because reflection stops there, see PrivateKey.
	reveal func() string
}

// NewSecret hides a text.
func NewSecret(text string) Secret { return Secret{func() string { return text }} }

// Reveal returns the text as it came.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Key reads the text as a private key. If that fails, Reveal still returns it.
func (s Secret) Key() (*PrivateKey, error) { return ParsePrivateKey(s.Reveal()) }

const redacted = "[redacted]"

var errRedacted = errors.New("byzantine: the secret was redacted when it was written, so it cannot be read back: store Secret.Reveal()")

// Format prints "[redacted]", whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns "[redacted]", for encoding/json, log/slog and their like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText takes any text but "[redacted]": what MarshalText has written is an error.
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == redacted {
		return errRedacted
	}
	*s = NewSecret(string(text))
	return nil
}

// UnmarshalJSON takes the content of a string, and the JSON text of anything else: what is shown only once must not be
// lost because its form is not the expected one. "[redacted]" is an error, as for [Secret.UnmarshalText].
func (s *Secret) UnmarshalJSON(data []byte) error {
	var content *string
	switch {
	case json.Unmarshal(data, &content) != nil:
		*s = NewSecret(string(data))
	case content != nil:
		return s.UnmarshalText([]byte(*content))
	}
	return nil
}
