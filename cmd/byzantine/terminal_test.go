package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADisplayShowsAndDoesNotObey(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "",
		"plain\ttext\n":                          "plain\ttext\n",
		"Grüße, 日本語, 👩 é\u00a0":                  "Grüße, 日本語, 👩 é\u00a0",
		"\x1b]0;x\x07\x1b[2J":                    `\u001b]0;x\u0007\u001b[2J`,
		"a\rb\bc\x00\x7f":                        `a\u000db\u0008c\u0000\u007f`,
		"\u009b2J":                               `\u009b2J`,
		"\x9b2J":                                 `\ufffd2J`, // what an 8-bit terminal takes for the same
		"\ufffd":                                 "\ufffd",
		"abc\u202ecba\u2066":                     `abc\u202ecba\u2066`,
		"\u2028\u200b\ufeff":                     `\u2028\u200b\ufeff`,
		"\U000e0001":                             `\udb40\udc01`,
		"{\n  \"a\": \"\u202e\\u001b\\\"\"\n}\n": "{\n  \"a\": \"\\u202e\\u001b\\\"\"\n}\n",
	} {
		for size := 1; size <= len(text)+1; size++ { // however the text is cut into pieces
			var out bytes.Buffer
			w := &display{w: &out}
			for rest := text; rest != ""; {
				piece := rest[:min(size, len(rest))]
				rest = rest[len(piece):]
				n, err := w.Write([]byte(piece))
				require.NoError(t, err)
				require.Equal(t, len(piece), n)
			}
			require.Equal(t, want, out.String(), "%q in pieces of %d", text, size)
		}
	}
}

func TestOnlyATerminalGetsEscapes(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer file.Close()
	assert.Same(t, file, output(file), "a file gets every byte")
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	assert.Same(t, w, output(w), "and so does a program")
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a character device, as terminals are
	require.NoError(t, err)
	defer device.Close()
	assert.IsType(t, new(display), output(device))
}

// hostileAPI responds to every request with texts that a terminal would obey.
func hostileAPI(t *testing.T, status int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte("{\"integratorId\":\"a\u009b31m\",\"accessScope\":\"read_write\\u001b[0m\",\"label\":\"\\u001b]0;x\\u0007\\u001b[2J\u202e\"," +
			"\"error\":\"\\u001b]0;x\\u0007 \u009b2J\"}"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestCommandsOnATerminalShowNothingRaw(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		status int
		shows  string
	}{
		"whoami":        {[]string{"whoami"}, 200, `\u001b]0;x\u0007\u001b[2J\u202e`},
		"call":          {[]string{"call", "get_current_integrator_capabilities"}, 200, `\u009b31m`},
		"whoami failed": {[]string{"whoami"}, 403, ""},
		"call failed":   {[]string{"call", "get_current_integrator_capabilities"}, 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			url := hostileAPI(t, c.status)
			env := map[string]string{"BYZANTINE_PRIVATE_KEY": strings.Repeat("1", 64), "BYZANTINE_BASE_URL": url}
			play := func(wrap func(*bytes.Buffer) *process) string {
				var out bytes.Buffer
				p := wrap(&out)
				p.getenv = func(name string) string { return env[name] }
				run(t.Context(), p, c.args)
				return out.String()
			}
			shown := play(func(out *bytes.Buffer) *process {
				return &process{stdin: strings.NewReader(""), stdout: &display{w: out}, stderr: &display{w: out}}
			})
			assert.Contains(t, shown, c.shows)
			assert.True(t, utf8.ValidString(shown))
			for _, r := range shown {
				assert.True(t, r == '\n' || r == '\t' || unicode.IsGraphic(r), "%q in %q", r, shown)
			}
			if name == "call" {
				piped := play(func(out *bytes.Buffer) *process {
					return &process{stdin: strings.NewReader(""), stdout: out, stderr: out}
				})
				assert.Contains(t, piped, "\u009b31m", "a program gets what the API sent")
				assert.JSONEq(t, piped, shown, "it is the same JSON")
				assert.True(t, json.Valid([]byte(shown)))
			}
		})
	}
}
