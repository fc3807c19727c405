// Package protocol_test runs the programs of this folder, which implement the protocol without this module, and checks
// this module with the same vectors.
package protocol_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

const vectors = "../../testdata/vectors"

// readVectors reads a file of vectors. (Those of requests.json are checked by the root package's tests.)
func readVectors[T any](t *testing.T, name string) []T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectors, name))
	require.NoError(t, err)
	var document struct {
		Comment string `json:"comment"`
		Vectors []T    `json:"vectors"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields() // so that a field which no test reads is an error
	require.NoError(t, decoder.Decode(&document))
	require.NotEmpty(t, document.Vectors)
	return document.Vectors
}

func TestKeyVectors(t *testing.T) {
	for _, v := range readVectors[struct{ PrivateKey, PublicKey string }](t, "keys.json") {
		key, err := byzantine.ParsePrivateKey(v.PrivateKey)
		require.NoError(t, err)
		assert.Equal(t, v.PublicKey, key.PublicKeyHex())
	}
}

func TestChallengeVectors(t *testing.T) {
	for _, v := range readVectors[struct{ Name, BodyToSign, Challenge string }](t, "challenges.json") {
		challenge, err := passkey.Challenge([]byte(v.BodyToSign))
		require.NoError(t, err, v.Name)
		assert.Equal(t, v.Challenge, challenge, v.Name)
	}
}

func TestWebhookVectors(t *testing.T) {
	for _, v := range readVectors[struct {
		Name, PublicKey, Body string
		Headers               map[string]string
		Now                   int64
		Valid                 bool
	}](t, "webhooks.json") {
		t.Run(v.Name, func(t *testing.T) {
			verifier, err := webhook.NewVerifier([]webhook.Key{{PublicKey: v.PublicKey}}, webhook.WithClock(func() time.Time { return time.Unix(v.Now, 0) }))
			require.NoError(t, err)
			header := http.Header{}
			for name, value := range v.Headers {
				header.Set(name, value)
			}
			_, err = verifier.Verify(t.Context(), header, []byte(v.Body))
			assert.Equal(t, v.Valid, err == nil, "%v", err)
		})
	}
}

// Each program agrees with the vectors and completes its calls to a sandbox.
func TestProgramsInOtherLanguages(t *testing.T) {
	longtest.Skip(t, "runs programs in Node, Python and bash")
	for name, test := range map[string]struct {
		needs    []string
		commands [][]string
	}{
		"node":   {[]string{"node"}, [][]string{{"node", "vectors.mjs", vectors}, {"node", "journey.mjs"}}},
		"python": {[]string{"python3"}, [][]string{{"python3", "vectors.py", vectors}, {"python3", "journey.py"}}},
		"shell":  {[]string{"bash", "openssl", "curl", "jq"}, [][]string{{"bash", "journey.sh", vectors}, {"bash", "journey.sh", "elsewhere"}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, program := range test.needs {
				if _, err := exec.LookPath(program); err != nil {
					missing(t, program)
				}
			}
			if name == "python" && exec.CommandContext(t.Context(), "python3", "-c", "import cryptography").Run() != nil {
				missing(t, "the Python package cryptography")
			}
			sandbox := byzantinetest.NewServer(byzantinetest.WithProcessingTime(100 * time.Millisecond))
			defer sandbox.Close()
			output := ""
			for _, args := range test.commands {
				command := exec.CommandContext(t.Context(), args[0], args[1:]...)
				command.Env = append(os.Environ(), "BYZANTINE_BASE_URL="+sandbox.URL, "BYZANTINE_PRIVATE_KEY="+sandbox.Key().SecretHex(),
					"PYTHONDONTWRITEBYTECODE=1", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1") // Python reads the names in lower case first
				text, err := command.CombinedOutput()
				require.NoError(t, err, "%v: %s", args, text)
				output += string(text)
			}
			assert.Contains(t, output, "25 vectors hold\n", "all programs read all vectors")
			assert.Contains(t, output, "the journey ends well\n")
		})
	}
}

func missing(t *testing.T, program string) {
	t.Helper()
	if os.Getenv("BYZANTINE_REQUIRE_PROGRAMS") != "" {
		t.Fatalf("%s is missing", program)
	}
	t.Skipf("%s is missing", program)
}

// Each block of JavaScript, Python or shell in docs/protocol.md, and of JavaScript or JSON in docs/sandbox.md, is part of
// the file that it names.
func TestCodeOfThePageIsThatOfThePrograms(t *testing.T) {
	page, err := os.ReadFile("../../docs/protocol.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)(?:<!-- (\\S+) -->\n)?```(?:js|python|sh)\n(.*?)```").FindAllSubmatch(page, -1)
	assert.GreaterOrEqual(t, len(blocks), 9)
	page, err = os.ReadFile("../../docs/sandbox.md")
	require.NoError(t, err)
	journey := regexp.MustCompile("(?s)(?:<!-- (\\S+) -->\n)?```(?:js|json)\n(.*?)```").FindAllSubmatch(page, -1)
	assert.GreaterOrEqual(t, len(journey), 6)
	for _, block := range append(blocks, journey...) {
		assert.NotEmpty(t, bytes.TrimSpace(block[2]), "a block is empty")
		if !assert.NotEmpty(t, block[1], "a block does not name its file: %s", block[2]) {
			continue
		}
		source, err := os.ReadFile(filepath.Join("../..", string(block[1])))
		if assert.NoError(t, err) {
			assert.Contains(t, string(source), string(block[2]), "code from %s", block[1])
		}
	}
}

// The events on the page have the fields of those that the sandbox sends.
func TestEventsOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/protocol.md")
	require.NoError(t, err)
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	sent := make(chan []byte, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent <- body
	}))
	defer receiver.Close()
	shown := 0
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1) {
		var event struct{ Type byzantine.EventType }
		require.NoError(t, json.Unmarshal(block[1], &event))
		if event.Type != "customer.resubmission_requested" && event.Type != "transaction.completed" {
			continue
		}
		shown++
		_, err := sandbox.Client().CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{
			URL: receiver.URL + "/" + string(event.Type), EventTypes: []byzantine.EventType{event.Type},
		})
		require.NoError(t, err)
		sandbox.Trigger(event.Type, "")
		assert.Equal(t, fieldNames(t, <-sent), fieldNames(t, block[1]))
	}
	assert.Equal(t, 2, shown)
}

// fieldNames returns a JSON document with all string values, except in lists, made equal.
func fieldNames(t *testing.T, document []byte) any {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal(document, &value))
	var blank func(any) any
	blank = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for name := range v {
				v[name] = blank(v[name])
			}
		case string:
			return "text"
		}
		return v
	}
	return blank(value)
}
