//lint:file-ignore SA1019 what the standard library's key shows is what this file looks for

package byzantine_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// secretLeak says in which form a text contains the secret number or a useful part of it, such as "hexadecimal". It
// returns "" if the text contains neither.
func secretLeak(text string, secret []byte) string {
	lower := strings.ToLower(text)
	// Without separators a hex dump ("c9 af a9"), a Go slice of bytes ("0xc9, 0xaf") and big.Int's words all become
	// runs of hexadecimal digits.
	digitsOnly := strings.NewReplacer("0x", "", " ", "", ",", "", "\n", "", ":", "").Replace(lower)
	digits := hex.EncodeToString(secret)
	for i := 0; i+12 <= len(digits); i += 2 {
		if part := digits[i : i+12]; strings.Contains(lower, part) || strings.Contains(digitsOnly, part) {
			return "hexadecimal"
		}
	}
	for i := 0; i+4 <= len(secret); i++ {
		list := fmt.Sprint(secret[i : i+4])
		list = list[1 : len(list)-1]
		if strings.Contains(text, list) || strings.Contains(text, strings.ReplaceAll(list, " ", ", ")) {
			return "list of bytes"
		}
		if strings.Contains(text, string(secret[i:i+4])) {
			return "raw bytes"
		}
	}
	for _, size := range []int{8, 4} { // math/big stores a number in words, which have 32 bits on some machines
		for i := 0; i+size <= len(secret); i += size {
			word := new(big.Int).SetBytes(secret[i : i+size])
			if strings.Contains(text, word.String()) || strings.Contains(lower, "0x"+word.Text(16)) {
				return "words"
			}
		}
	}
	if strings.Contains(text, new(big.Int).SetBytes(secret).String()) {
		return "decimal"
	}
	for i := range 3 { // in the base64 of a longer value the key may begin at any of three offsets
		std := base64.RawStdEncoding.EncodeToString(secret[i : i+9])
		url := base64.RawURLEncoding.EncodeToString(secret[i : i+9])
		if strings.Contains(text, std) || strings.Contains(text, url) {
			return "base64"
		}
	}
	return ""
}

// assertionReport collects what a failed assertion prints.
type assertionReport struct{ bytes.Buffer }

func (r *assertionReport) Errorf(format string, args ...any) { fmt.Fprintf(r, format, args...) }

// Types that hold a private key, and that a program could print by mistake.
type (
	keyByPointer       struct{ Key *byzantine.PrivateKey }
	keyByValue         struct{ Key byzantine.PrivateKey }
	keyHiddenByPointer struct{ key *byzantine.PrivateKey }
	keyHiddenByValue   struct{ key byzantine.PrivateKey }
	keyAsSigner        struct{ signer byzantine.Signer }
	keyEmbedded        struct{ *byzantine.PrivateKey }
	keyEmbeddedByValue struct{ byzantine.PrivateKey }
	keyDeep            struct{ inner *keyHiddenByPointer }
)

var keyShapes = map[string]func(key *byzantine.PrivateKey) any{
	"pointer":            func(k *byzantine.PrivateKey) any { return k },
	"value":              func(k *byzantine.PrivateKey) any { return *k },
	"pointer to pointer": func(k *byzantine.PrivateKey) any { return &k },
	"field, pointer":     func(k *byzantine.PrivateKey) any { return keyByPointer{k} },
	"field, value":       func(k *byzantine.PrivateKey) any { return keyByValue{*k} },
	"pointer to both":    func(k *byzantine.PrivateKey) any { return &keyByPointer{k} },
	"hidden, pointer":    func(k *byzantine.PrivateKey) any { return keyHiddenByPointer{k} },
	"hidden, value":      func(k *byzantine.PrivateKey) any { return keyHiddenByValue{*k} },
	"pointer to hidden":  func(k *byzantine.PrivateKey) any { return &keyHiddenByValue{*k} },
	"hidden, interface":  func(k *byzantine.PrivateKey) any { return keyAsSigner{k} },
	"embedded":           func(k *byzantine.PrivateKey) any { return keyEmbedded{k} },
	"embedded, value":    func(k *byzantine.PrivateKey) any { return &keyEmbeddedByValue{*k} },
	"deep":               func(k *byzantine.PrivateKey) any { return &keyDeep{&keyHiddenByPointer{k}} },
	"slice":              func(k *byzantine.PrivateKey) any { return []*byzantine.PrivateKey{k} },
	"slice of values":    func(k *byzantine.PrivateKey) any { return []byzantine.PrivateKey{*k} },
	"array":              func(k *byzantine.PrivateKey) any { return [1]byzantine.PrivateKey{*k} },
	"map":                func(k *byzantine.PrivateKey) any { return map[string]any{"key": k, "value": *k} },
	"map of values":      func(k *byzantine.PrivateKey) any { return map[string]keyHiddenByValue{"key": {*k}} },
}

// keyDoors returns the texts that all ways to print value produce, by the name of the way. other has another key, for
// the difference that a failed comparison prints.
func keyDoors(value, other any) map[string]string {
	out := map[string]string{}
	for verb := 'A'; verb <= 'z'; verb++ {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "40", "3.2", "# ", "#+"} {
			format := "%" + flags + string(verb)
			out["fmt "+format] = fmt.Sprintf(format, value)
		}
	}
	out["fmt.Sprint"] = fmt.Sprint(value)
	out["error"] = fmt.Errorf("request failed: %v: %w", value, errors.New("cause")).Error()

	var text bytes.Buffer
	log.New(&text, "", 0).Println("key:", value)
	slog.New(slog.NewTextHandler(&text, nil)).With("with", value).Info("m", "key", value, slog.Group("g", "key", value))
	slog.New(slog.NewJSONHandler(&text, nil)).With("with", value).Info("m", "key", value, slog.Group("g", "key", value))
	// An encoder may return an error: the text of that is checked as well as the output.
	_ = template.Must(template.New("").Parse(`{{.}} {{printf "%#v %x" . .}}`)).Execute(&text, value)
	fmt.Fprintln(&text, gob.NewEncoder(&text).Encode(value))
	fmt.Fprintln(&text, xml.NewEncoder(&text).Encode(value))
	fmt.Fprintln(&text, json.NewEncoder(&text).Encode(value))
	out["log, slog, template, gob, xml, json"] = text.String()

	var r assertionReport
	assert.Equal(&r, value, other)
	assert.EqualValues(&r, value, other)
	assert.Exactly(&r, value, other)
	assert.NotEqual(&r, value, value)
	assert.Nil(&r, value)
	assert.Empty(&r, value)
	assert.Zero(&r, value)
	assert.Contains(&r, []any{value}, other)
	assert.ElementsMatch(&r, []any{value}, []any{other})
	assert.Len(&r, []any{value}, 7)
	assert.IsType(&r, 0, value)
	out["testify"] = r.String()
	return out
}

func TestPrivateKeyShowsItsSecretNowhere(t *testing.T) {
	key := rfc6979Key(t)
	other, err := byzantine.GenerateKey()
	require.NoError(t, err)
	secret := hexBytes(t, rfc6979Secret)
	for name, shape := range keyShapes {
		t.Run(name, func(t *testing.T) {
			for door, text := range keyDoors(shape(key), shape(other)) {
				assert.NotEmpty(t, text, door)
				assert.Empty(t, secretLeak(text, secret), "%s shows the secret: %s", door, text)
			}
		})
	}
}

// The Signer of NewSigner does not show the key that it was made with either, although it cannot know the key's type.
func TestNewSignerShowsItsKeyNowhere(t *testing.T) {
	raw := rawKey(t, rfc6979Key(t))
	signer, err := byzantine.NewSigner(struct{ *ecdsa.PrivateKey }{raw})
	require.NoError(t, err)
	local, err := byzantine.NewSigner(raw)
	require.NoError(t, err)
	for _, s := range []byzantine.Signer{signer, local} {
		for door, text := range keyDoors(s, keyAsSigner{s}) {
			assert.Empty(t, secretLeak(text, hexBytes(t, rfc6979Secret)), door)
		}
	}
}

// secretLeak finds the secret in the texts that the standard library's key prints. Otherwise the tests above would
// prove nothing.
func TestLeakDetectorFindsLeaks(t *testing.T) {
	raw := rawKey(t, rfc6979Key(t))
	secret := hexBytes(t, rfc6979Secret)
	for door, text := range keyDoors(raw, rawKey(t, rfc6979Key(t))) {
		switch door {
		case "fmt %v", "fmt %+v", "fmt %#v", "fmt %d", "fmt %x", "fmt %X", "testify", "log, slog, template, gob, xml, json":
			assert.NotEmpty(t, secretLeak(text, secret), "%s: %s", door, text)
		}
	}
	for _, text := range []string{
		rfc6979Secret, strings.ToUpper(rfc6979Secret), rfc6979Secret[20:40], raw.D.String(),
		fmt.Sprint(secret), fmt.Sprintf("%#v", secret), fmt.Sprintf("% X", secret), string(secret), hex.Dump(secret),
		base64.StdEncoding.EncodeToString(secret), base64.URLEncoding.EncodeToString(append([]byte{1}, secret...)),
		fmt.Sprintf("%#v", raw.D.Bits()), fmt.Sprint(raw.D.Bits()),
		"[302999329 2072666667 921213714]", "[]big.Word{0x120f6721, 0x7b8a622b, 0x36e89b12}", // words of 32 bits
	} {
		assert.NotEmpty(t, secretLeak(text, secret), text)
	}
}

func TestPrivateKeyPrintsItsPublicKey(t *testing.T) {
	key := rfc6979Key(t)
	for _, value := range []any{key, *key} {
		for _, verb := range strings.Split("v +v #v s q x X d t b o c e U z", " ") {
			assert.Equal(t, rfc6979Public, fmt.Sprintf("%"+verb, value), "%T %%%s", value, verb)
		}
		text, err := json.Marshal(map[string]any{"key": value})
		require.NoError(t, err)
		assert.JSONEq(t, `{"key":"`+rfc6979Public+`"}`, string(text))

		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "key", value)
		assert.Contains(t, out.String(), "key="+rfc6979Public+"\n")
		out.Reset()
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "key", value)
		assert.Contains(t, out.String(), `"key":"`+rfc6979Public+`"`)
		assert.Contains(t, fmt.Sprintf("%T", value), "byzantine.PrivateKey")
	}
	text, err := xml.Marshal(keyByPointer{key})
	require.NoError(t, err)
	assert.Equal(t, "<keyByPointer><Key>"+rfc6979Public+"</Key></keyByPointer>", string(text))
	assert.Error(t, gob.NewEncoder(new(bytes.Buffer)).Encode(key), "gob has nothing to send")
}

func TestPrivateKeyIsNotReadFromJSON(t *testing.T) {
	var key byzantine.PrivateKey
	//lint:ignore SA9005 that nothing can be read is the point
	assert.Error(t, json.Unmarshal([]byte(`"`+rfc6979Secret+`"`), &key))
	assert.Empty(t, key.SecretHex())
}

func TestPrivateKeyWithoutAKeyPrints(t *testing.T) {
	var none *byzantine.PrivateKey
	assert.Equal(t, "<nil>", fmt.Sprintf("%v", none))
	assert.Empty(t, fmt.Sprintf("%v%+v%x", byzantine.PrivateKey{}, new(byzantine.PrivateKey), byzantine.PrivateKey{}))
	text, err := json.Marshal([]any{none, byzantine.PrivateKey{}})
	require.NoError(t, err)
	assert.JSONEq(t, `[null, ""]`, string(text))
	for _, value := range []any{none, byzantine.PrivateKey{}} {
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "key", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "key", value)
		assert.NotContains(t, strings.ToLower(out.String()), "panic")
	}
}
