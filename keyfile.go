package byzantine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/keyenv"
)

// ReadKeyFile reads a private key from a file, in any form that [ParsePrivateKey] reads. An error repeats neither what
// is in the file nor its name, which may be a key that was given in place of a name.
func ReadKeyFile(path string) (*PrivateKey, error) {
	key, _, err := keyenv.ReadFile(path, ParsePrivateKey)
	if err != nil {
		return nil, fmt.Errorf("byzantine: key file: %w", errtext.Bare(err))
	}
	return key, nil
}

// KeyFile keeps the key of a [Rotation] equal to the key in a file, such as a secret that Kubernetes or an agent of a
// vault mounts. It reads the file again at each interval: a mounted secret is replaced by renaming folders, which no
// notification of the operating system shows reliably.
//
//	key, err := byzantine.ReadKeyFile(path)
//	rotation := byzantine.NewRotation(key)
//	client, err := byzantine.NewClient(rotation)
//	go (&byzantine.KeyFile{Path: path, Rotation: rotation}).Run(ctx)
//
// The Rotation gets a key from the file only when the file holds another key than at the read before (at the first read:
// another than the Rotation). So a key that [RotateCredential] or [Rotation.Use] sets in the meantime stays in use until
// the file changes, however late a mounted file follows its source.
//
// Set the fields before Run and do not change them after.
type KeyFile struct {
	Path     string
	Rotation *Rotation
	// Interval is the time between two reads of the file. The zero value is 10 seconds.
	Interval time.Duration
	// Logger gets a line when the key has changed and a warning when the file cannot be read. Nil logs nothing.
	Logger *slog.Logger
}

// Run reads the file at each interval until the context ends. It blocks, and returns an error that wraps the context's;
// any other error means that a field is invalid. While the file is missing or holds no valid key, the last key stays in
// use, and Logger gets a warning for each new reason.
func (f *KeyFile) Run(ctx context.Context) error {
	if f.Path == "" || f.Rotation == nil || f.Interval < 0 {
		return errors.New("byzantine: key file: Path and Rotation must be set, and Interval must not be negative")
	}
	interval, logger := f.Interval, f.Logger
	if interval == 0 {
		interval = 10 * time.Second
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	warned, last := "", f.Rotation.PublicKey()
	for call.Sleep(ctx, interval) {
		key, err := ReadKeyFile(f.Path)
		switch {
		case err != nil:
			if err.Error() != warned {
				warned = err.Error()
				logger.WarnContext(ctx, "byzantine: the key file cannot be read, so the last key stays in use", slog.Any("error", err))
			}
			continue
		case !bytes.Equal(key.PublicKey(), last):
			last = key.PublicKey()
			if err := f.Rotation.Use(key); err != nil {
				return err
			}
			logger.InfoContext(ctx, "byzantine: the key file has changed", slog.String("pubkey", key.PublicKeyHex()))
		}
		warned = ""
	}
	return fmt.Errorf("byzantine: key file: %w", call.ContextError(ctx))
}
