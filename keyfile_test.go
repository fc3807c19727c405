package byzantine_test

import (
	"bytes"
	"context"
	"crypto/fips140"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// keyFile writes a text to a new file and returns the path of the file.
func keyFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestReadKeyFile(t *testing.T) {
	key := rfc6979Key(t)
	for _, text := range []string{rfc6979Secret, rfc6979Secret[2:] + "\r\n", encodePEM("EC PRIVATE KEY", sec1DER(t, rawKey(t, key)))} {
		read, err := byzantine.ReadKeyFile(keyFile(t, text))
		require.NoError(t, err)
		assert.Equal(t, key.PublicKeyHex(), read.PublicKeyHex())
	}
	for _, c := range []struct{ name, path, want string }{
		{"missing", filepath.Join(t.TempDir(), "secret-name"), "the file cannot be read"},
		{"a folder", t.TempDir(), "the file cannot be read"},
		{"a key in place of a name", rfc6979Secret, "takes the name of a file, not a key"},
		{"empty", keyFile(t, ""), "empty"},
		{"too short", keyFile(t, "0xsecret"), "private key"},
		{"UTF-16", keyFile(t, "\xff\xfe0\x00"), "UTF-16"},
		{"endless", keyFile(t, strings.Repeat("secret", 100_000)), "larger than 65536 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := byzantine.ReadKeyFile(c.path)
			require.ErrorContains(t, err, c.want)
			assert.True(t, strings.HasPrefix(err.Error(), "byzantine: key file: "), err)
			assert.NotContains(t, err.Error(), "secret")
			assert.NotContains(t, err.Error(), rfc6979Secret[2:])
		})
	}
}

// A Rotation uses the key in its file. While the file is missing or broken, the last key stays in use.
func TestKeyFileFeedsARotation(t *testing.T) {
	first := rfc6979Key(t)
	second, err := byzantine.GenerateKey()
	require.NoError(t, err)
	third, err := byzantine.GenerateKey()
	require.NoError(t, err)
	path := keyFile(t, first.SecretHex())
	synctest.Test(t, func(t *testing.T) {
		rotation := byzantine.NewRotation(first)
		var log bytes.Buffer
		watch := &byzantine.KeyFile{Path: path, Rotation: rotation, Logger: slog.New(slog.NewTextHandler(&log, nil))}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- watch.Run(ctx) }()
		after := func(text string, want *byzantine.PrivateKey) {
			t.Helper()
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			time.Sleep(25 * time.Second) // the file is read twice meanwhile
			synctest.Wait()
			assert.Equal(t, want.PublicKey(), rotation.PublicKey())
		}
		after(first.SecretHex(), first)
		assert.Empty(t, log.String())
		after(second.SecretHex(), second)
		after("half a secret", second)
		after("half a secret", second)
		assert.Equal(t, 1, strings.Count(log.String(), "cannot be read"), log.String())
		assert.NotContains(t, log.String(), "secret")
		require.NoError(t, rotation.Use(third))
		after(second.SecretHex(), third) // the file has not changed, so the third key stays: the file may be updated later than the Rotation
		assert.Equal(t, 1, strings.Count(log.String(), "has changed"), log.String())
		after(first.SecretHex(), first)
		assert.Equal(t, 2, strings.Count(log.String(), "has changed"), log.String())
		assert.NotContains(t, log.String(), first.SecretHex())
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

func TestKeyFileWithoutItsFields(t *testing.T) {
	rotation := byzantine.NewRotation(rfc6979Key(t))
	for _, f := range []byzantine.KeyFile{{}, {Path: "x"}, {Rotation: rotation}, {Path: "x", Rotation: rotation, Interval: -1}} {
		require.ErrorContains(t, f.Run(t.Context()), "must be set")
	}
}

func TestNewClientFromEnvReadsAFile(t *testing.T) {
	for _, c := range []struct {
		name, key, text, want string
		mode                  os.FileMode
		exposed               bool
	}{
		{name: "the file", text: rfc6979Secret, mode: 0o600},
		{name: "both, the same", key: rfc6979Secret, text: rfc6979Secret[2:], mode: 0o640},
		{name: "both, different", key: rfc6979Secret, text: "0x" + strings.Repeat("0", 63) + "1", mode: 0o600,
			want: "BYZANTINE_PRIVATE_KEY and BYZANTINE_PRIVATE_KEY_FILE hold different keys"},
		{name: "no key", text: "0xsecret", mode: 0o600, want: "BYZANTINE_PRIVATE_KEY_FILE: "},
		{name: "others can read it", text: rfc6979Secret, mode: 0o644, exposed: true},
		{name: "others can change it", text: rfc6979Secret, mode: 0o602, exposed: true},
		{name: "others can only execute it", text: rfc6979Secret, mode: 0o601},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := keyFile(t, c.text)
			require.NoError(t, os.Chmod(path, c.mode))
			t.Setenv("BYZANTINE_PRIVATE_KEY", c.key)
			t.Setenv("INTEGRATOR_PRIVATE_KEY", "")
			t.Setenv("BYZANTINE_PRIVATE_KEY_FILE", path)
			var log bytes.Buffer
			_, err := byzantine.NewClientFromEnv(byzantine.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				assert.NotContains(t, err.Error(), "secret")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.exposed && runtime.GOOS != "windows", strings.Contains(log.String(), "every user of this machine"), log.String())
		})
	}
}

// While a rotation goes on, a KeyFile watches the program's key file. keep stores the new key beside it, and the file is
// replaced after the rotation has succeeded, as docs/keys.md shows. So no process that watches the file takes a key that
// was not proved, and the key is stored before that.
func TestAWatchedFileGetsNoUnprovedKey(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("in FIPS mode Go gathers entropy by the real clock, which stands still in a bubble of synctest")
	}
	for name, status := range map[string]int{"the API does not know the new key": 401, "the API is down": 503, "the new key works": 0} {
		t.Run(name, func(t *testing.T) {
			path := keyFile(t, "")
			synctest.Test(t, func(t *testing.T) {
				sandbox, err := byzantinetest.New()
				require.NoError(t, err)
				defer sandbox.Close()
				require.NoError(t, os.WriteFile(path, []byte(sandbox.Key().SecretHex()), 0o600))
				rotation := byzantine.NewRotation(sandbox.Key())
				client, err := byzantine.NewClient(rotation, byzantine.WithHTTPClient(&http.Client{Transport: failsOtherKeys{
					byzantinetest.InProcess(sandbox), sandbox.Key().PublicKeyHex(), status,
				}}))
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() { _ = (&byzantine.KeyFile{Path: path, Rotation: rotation}).Run(ctx) }()

				_, err = byzantine.RotateCredential(t.Context(), client, rotation, func(_ context.Context, key *byzantine.PrivateKey) error {
					return os.WriteFile(path+".new", []byte(key.SecretHex()), 0o600)
				})
				stored, storedErr := byzantine.ReadKeyFile(path + ".new")
				require.NoError(t, storedErr, "also if the proof failed")
				if err == nil {
					require.NoError(t, os.Rename(path+".new", path))
					assert.Equal(t, stored.PublicKey(), rotation.PublicKey())
				}
				time.Sleep(time.Minute) // the file is read several times meanwhile
				inFile, fileErr := byzantine.ReadKeyFile(path)
				require.NoError(t, fileErr)
				if status == 0 {
					require.NoError(t, err)
					assert.NotEqual(t, sandbox.Key().PublicKey(), rotation.PublicKey())
				} else {
					var stopped *byzantine.RotationError
					require.ErrorAs(t, err, &stopped)
					assert.Equal(t, byzantine.RotationProve, stopped.Step)
					assert.Equal(t, sandbox.Key().PublicKey(), rotation.PublicKey())
				}
				assert.Equal(t, inFile.PublicKey(), rotation.PublicKey())
				_, err = client.Whoami(t.Context())
				require.NoError(t, err)
			})
		})
	}
}

// failsOtherKeys is a transport with which requests of other keys than one get a status, unless it is 0.
type failsOtherKeys struct {
	next   http.RoundTripper
	key    string
	status int
}

func (f failsOtherKeys) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.status == 0 || r.Header.Get("X-Pubkey") == f.key {
		return f.next.RoundTrip(r)
	}
	return &http.Response{StatusCode: f.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("no")), Request: r}, nil
}
