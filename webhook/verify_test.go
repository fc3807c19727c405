package webhook_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// A delivery that was signed with OpenSSL 3, without any code of this module.
const (
	opensslKey       = "0x0304fc57a0b9bba2b050a3adfb8babd7b0d030f2a25ea64902226f4333c1e714dc"
	opensslSignature = "bb4a348bee524a2dadcfa75aa476cba66acb2dbe59a59c46bc3c7248773fce28207c88f84e3bf8a29b4393c5ec8be7e67fa8d2dd49e5a2dc9aeb873114a675f1"
	opensslBody      = `{"id":"7c9e6679-7425-40de-944b-e07fc1f90ae7","type":"webhook.test","occurredAt":"2026-09-03T10:11:12Z","livemode":false,"payloadVersion":1,"related":{"accountId":null,"userId":null,"entityId":null,"beneficiaryId":null,"transactionId":null},"data":{}}`
)

func opensslHeader() http.Header {
	h := http.Header{}
	h.Set(webhook.HeaderDeliveryID, "550e8400-e29b-41d4-a716-446655440000")
	h.Set(webhook.HeaderEventID, "7c9e6679-7425-40de-944b-e07fc1f90ae7")
	h.Set(webhook.HeaderTimestamp, "1788430272")
	h.Set(webhook.HeaderKeyID, "16fd2706-8baf-433b-82eb-8c7fada847da")
	h.Set(webhook.HeaderAlgorithm, webhook.Algorithm)
	h.Set(webhook.HeaderSignature, opensslSignature)
	return h
}

func at(unix int64) webhook.VerifierOption {
	return webhook.WithClock(func() time.Time { return time.Unix(unix, 0) })
}

func TestVerifyAcceptsWhatOpenSSLSigned(t *testing.T) {
	for name, change := range map[string]func(http.Header){
		"as it is":      func(http.Header) {},
		"with 0x":       func(h http.Header) { h.Set(webhook.HeaderSignature, "0x"+opensslSignature) },
		"in upper case": func(h http.Header) { h.Set(webhook.HeaderSignature, strings.ToUpper(opensslSignature)) },
		"names in lower case": func(h http.Header) {
			for name, values := range h {
				delete(h, name)
				h[strings.ToLower(name)] = values
			}
		},
		"other headers": func(h http.Header) { h["X-Byzantine-Webhook-Colour"] = []string{"red", "blue"} },
	} {
		t.Run(name, func(t *testing.T) {
			v, err := webhook.NewVerifier([]webhook.Key{{PublicKey: opensslKey}}, at(1788430272))
			require.NoError(t, err)
			h := opensslHeader()
			change(h)
			d, err := v.Verify(t.Context(), h, []byte(opensslBody))
			require.NoError(t, err)
			assert.Equal(t, "550e8400-e29b-41d4-a716-446655440000", d.ID)
			assert.Equal(t, "7c9e6679-7425-40de-944b-e07fc1f90ae7", d.EventID)
			assert.Equal(t, "16fd2706-8baf-433b-82eb-8c7fada847da", d.KeyID)
			assert.Equal(t, time.Date(2026, 9, 3, 10, 11, 12, 0, time.UTC), d.SignedAt.UTC())
			assert.Equal(t, opensslBody, string(d.Body))
		})
	}
}

func TestVerifyRejects(t *testing.T) {
	set := func(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }
	for _, c := range []struct {
		name   string
		change func(http.Header)
		check  webhook.Check
		text   string
	}{
		{"no delivery id", set(webhook.HeaderDeliveryID, ""), webhook.CheckHeaders, "Delivery-Id is missing"},
		{"no event id", func(h http.Header) { h.Del(webhook.HeaderEventID) }, webhook.CheckHeaders, "Event-Id is missing"},
		{"no timestamp", func(h http.Header) { h.Del(webhook.HeaderTimestamp) }, webhook.CheckHeaders, "Timestamp is missing"},
		{"no key id", func(h http.Header) { h.Del(webhook.HeaderKeyID) }, webhook.CheckHeaders, "Key-Id is missing"},
		{"no algorithm", func(h http.Header) { h.Del(webhook.HeaderAlgorithm) }, webhook.CheckHeaders, "Algorithm is missing"},
		{"no signature", func(h http.Header) { h.Del(webhook.HeaderSignature) }, webhook.CheckHeaders, "Signature is missing"},
		{"a header without values", func(h http.Header) { h[webhook.HeaderEventID] = nil }, webhook.CheckHeaders, "Event-Id is missing"},
		{"two timestamps", func(h http.Header) { h.Add(webhook.HeaderTimestamp, "1788430273") }, webhook.CheckHeaders, "more than once"},
		{"two spellings, one empty", func(h http.Header) { h["x-byzantine-webhook-event-id"] = []string{""} }, webhook.CheckHeaders, "X-Byzantine-Webhook-Event-Id is"},
		{"two spellings", func(h http.Header) { h["x-byzantine-webhook-event-id"] = h[webhook.HeaderEventID] }, webhook.CheckHeaders, "more than once"},

		{"delivery id is no UUID", set(webhook.HeaderDeliveryID, "550e8400-e29b-41d4-a716-44665544000g"), webhook.CheckHeaders, "not a UUID"},
		{"event id with braces", set(webhook.HeaderEventID, "{7c9e6679-7425-40de-944b-e07fc1f90ae7}"), webhook.CheckHeaders, "not a UUID"},
		{"event id without hyphens", set(webhook.HeaderEventID, "7c9e6679742540de944be07fc1f90ae7"), webhook.CheckHeaders, "not a UUID"},
		{"timestamp with a sign", set(webhook.HeaderTimestamp, "+1788430272"), webhook.CheckHeaders, "decimal number"},
		{"timestamp with a zero in front", set(webhook.HeaderTimestamp, "01788430272"), webhook.CheckHeaders, "decimal number"},
		{"timestamp with a fraction", set(webhook.HeaderTimestamp, "1788430272.0"), webhook.CheckHeaders, "decimal number"},
		{"negative timestamp", set(webhook.HeaderTimestamp, "-1"), webhook.CheckHeaders, "decimal number"},
		{"timestamp that is too large", set(webhook.HeaderTimestamp, "99999999999999999999"), webhook.CheckHeaders, "decimal number"},
		{"timestamp in milliseconds", set(webhook.HeaderTimestamp, "1788430272000"), webhook.CheckHeaders, "decimal number"},
		{"short signature", set(webhook.HeaderSignature, opensslSignature[2:]), webhook.CheckHeaders, "128"},
		{"DER signature", set(webhook.HeaderSignature, "3045"+opensslSignature), webhook.CheckHeaders, "128"},
		{"signature is not hexadecimal", set(webhook.HeaderSignature, "zz"+opensslSignature[2:]), webhook.CheckHeaders, "hexadecimal"},

		{"another algorithm", set(webhook.HeaderAlgorithm, "ECDSA_P256_SHA512"), webhook.CheckAlgorithm, "ECDSA_P256_SHA256"},
		{"algorithm none", set(webhook.HeaderAlgorithm, "none"), webhook.CheckAlgorithm, ""},
		{"older than the window", set(webhook.HeaderTimestamp, "1788429971"), webhook.CheckTimestamp, "301 s old, more than 300 s"},
		{"newer than the window", set(webhook.HeaderTimestamp, "1788430573"), webhook.CheckTimestamp, "301 s in the future, more than 300 s"},

		{"another timestamp", set(webhook.HeaderTimestamp, "1788430271"), webhook.CheckSignature, ""},
		{"another delivery id", set(webhook.HeaderDeliveryID, "550e8400-e29b-41d4-a716-446655440001"), webhook.CheckSignature, ""},
		{"another event id", set(webhook.HeaderEventID, "7c9e6679-7425-40de-944b-e07fc1f90ae8"), webhook.CheckSignature, ""},
		{"another spelling of an id", set(webhook.HeaderEventID, "7C9E6679-7425-40DE-944B-E07FC1F90AE7"), webhook.CheckSignature, ""},
		{"another signature", set(webhook.HeaderSignature, "cc"+opensslSignature[2:]), webhook.CheckSignature, ""},
		{"r is zero", set(webhook.HeaderSignature, strings.Repeat("0", 64)+opensslSignature[64:]), webhook.CheckSignature, ""},
		{"s is zero", set(webhook.HeaderSignature, opensslSignature[:64]+strings.Repeat("0", 64)), webhook.CheckSignature, ""},
		{"r and s are zero", set(webhook.HeaderSignature, strings.Repeat("0", 128)), webhook.CheckSignature, ""},
		{"r and s are beyond the order", set(webhook.HeaderSignature, strings.Repeat("f", 128)), webhook.CheckSignature, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := webhook.NewVerifier([]webhook.Key{{PublicKey: opensslKey}}, at(1788430272))
			require.NoError(t, err)
			h := opensslHeader()
			c.change(h)
			d, err := v.Verify(t.Context(), h, []byte(opensslBody))
			assert.Nil(t, d)
			requireCheck(t, err, c.check)
			assert.ErrorContains(t, err, c.text)
		})
	}
}

func requireCheck(t *testing.T, err error, check webhook.Check) {
	t.Helper()
	var rejected *webhook.VerifyError
	require.ErrorAs(t, err, &rejected)
	assert.Equal(t, check, rejected.Check)
}

// A body can hold personal data, and the error of a delivery goes into logs.
func TestVerifyErrorsHoldNothingOfTheBody(t *testing.T) {
	key := newSigningKey(t)
	v := newVerifier(t, key)
	for _, body := range []string{
		`{"id":"mary@example.com","type":"customer.active"}`, `{"id":["mary@example.com"]}`, `{"mary@example.com":1}`, `["mary@example.com"]`,
		`"mary@example.com"`, `mary@example.com`, `{"id":mary@example.com`, "\xff\xfemary@example.com",
	} {
		_, err := v.Verify(t.Context(), key.sign(t, testIDs, time.Now(), []byte(body)), []byte(body))
		requireCheck(t, err, webhook.CheckEventID)
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			assert.NotContains(t, text, "mary", body)
		}
	}
}

func TestVerifyRejectsAnotherBody(t *testing.T) {
	v, err := webhook.NewVerifier([]webhook.Key{{PublicKey: opensslKey}}, at(1788430272))
	require.NoError(t, err)
	for name, body := range map[string]string{
		"empty":             "",
		"one byte less":     opensslBody[:len(opensslBody)-1],
		"a newline at last": opensslBody + "\n",
		"another blank":     strings.Replace(opensslBody, `,"type"`, `, "type"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), opensslHeader(), []byte(body))
			requireCheck(t, err, webhook.CheckSignature)
		})
	}
}

// The signed string has dots between its parts, and the body may hold dots too. A forger may split the string at other
// dots, so that the end of one part becomes the beginning of the next: the signature still fits. Of all splits, Verify
// accepts only the one that was signed.
func TestVerifyRejectsEverySplitButOne(t *testing.T) {
	key := newSigningKey(t)
	now := time.Now()
	body := `{"id":"` + testIDs.Event + `","note":"a.b.1.c"}`
	genuine := key.sign(t, testIDs, now, []byte(body))
	text := testIDs.Delivery + "." + testIDs.Event + "." + genuine.Get(webhook.HeaderTimestamp) + "." + body
	v := newVerifier(t, key)
	parts := strings.Split(text, ".")
	accepted := 0
	// All ways to choose three of the dots as the separators.
	for i := 1; i < len(parts); i++ {
		for j := i + 1; j < len(parts); j++ {
			for k := j + 1; k < len(parts); k++ {
				h := genuine.Clone()
				h.Set(webhook.HeaderDeliveryID, strings.Join(parts[:i], "."))
				h.Set(webhook.HeaderEventID, strings.Join(parts[i:j], "."))
				h.Set(webhook.HeaderTimestamp, strings.Join(parts[j:k], "."))
				_, err := v.Verify(t.Context(), h, []byte(strings.Join(parts[k:], ".")))
				if err == nil {
					accepted++
					assert.Equal(t, []int{1, 2, 3}, []int{i, j, k})
				}
			}
		}
	}
	assert.Equal(t, 1, accepted)
}

func TestVerifyRejectsABodyOfAnotherEvent(t *testing.T) {
	key := newSigningKey(t)
	v := newVerifier(t, key)
	other := "00000000-0000-4000-8000-000000000000"
	for name, c := range map[string]struct{ body, text string }{
		"another id":              {`{"id":"` + other + `"}`, "another event"},
		"another spelling":        {`{"id":"` + strings.ToUpper(testIDs.Event) + `"}`, "another event"},
		"the id inside":           {`{"data":{"id":"` + testIDs.Event + `"},"id":"` + other + `"}`, "another event"},
		"the id in another field": {`{"related":"` + testIDs.Event + `"}`, "no field"},
		"a number":                {`{"id":7}`, "the body has none"},
		"null":                    {`{"id":null}`, "another event"},
		"no object":               {`["id","` + testIDs.Event + `"]`, "not a JSON object"},
		"no JSON":                 {`id=` + testIDs.Event, "not a JSON object"},
		"JSON that breaks off":    {`{"type":"webhook.test","id"`, "JSON"},
		"a field that breaks off": {`{"data":{`, "JSON"},
		"a string for an object":  {`"{\"id\":\"` + testIDs.Event + `\"}"`, "not a JSON object"},
		"nothing":                 {``, "not a JSON object"},
		"the id and no end of it": {`{"id":"` + testIDs.Event, "JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), key.sign(t, testIDs, time.Now(), []byte(c.body)), []byte(c.body))
			requireCheck(t, err, webhook.CheckEventID)
			assert.ErrorContains(t, err, c.text)
			assert.NotContains(t, err.Error(), other)
		})
	}
	for name, body := range map[string]string{
		"id first":    `{"id":"` + testIDs.Event + `","type":"x"}`,
		"id alone":    `{"id":"` + testIDs.Event + `"}`,
		"id last":     `{"type":"x","data":{"id":"y","list":[1,2,{}]},"id":"` + testIDs.Event + `"}`,
		"with blanks": "\n{ \"id\" : \"" + testIDs.Event + "\" }",
		"escaped":     `{"\u0069d":"` + testIDs.Event + `"}`,
		// Verify accepts it; decoding the event fails.
		"no JSON behind it": `{"id":"` + testIDs.Event + `"x`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), key.sign(t, testIDs, time.Now(), []byte(body)), []byte(body))
			assert.NoError(t, err)
		})
	}
}

func TestWindowIsInclusiveAndWorksBothWays(t *testing.T) {
	key := newSigningKey(t)
	const now = 1788430272
	v := newVerifier(t, key, at(now), webhook.WithWindow(10*time.Second))
	for offset, want := range map[int64]bool{-11: false, -10: true, 0: true, 10: true, 11: false} {
		t.Run(strconv.FormatInt(offset, 10), func(t *testing.T) {
			_, err := v.Verify(t.Context(), key.sign(t, testIDs, time.Unix(now+offset, 0), customerBody), customerBody)
			if want {
				assert.NoError(t, err)
			} else {
				requireCheck(t, err, webhook.CheckTimestamp)
			}
		})
	}
}

func TestRequireLivemode(t *testing.T) {
	key := newSigningKey(t)
	v := newVerifier(t, key, webhook.WithLivemodeOnly())
	for body, want := range map[string]bool{
		`{"id":"` + testIDs.Event + `","type":"x","livemode":true}`:       true,
		`{"id":"` + testIDs.Event + `","type":"x","livemode":false}`:      false,
		`{"id":"` + testIDs.Event + `","type":"x"}`:                       false,
		`{"id":"` + testIDs.Event + `","type":"x","livemode":"true"}`:     false,
		`{"id":"` + testIDs.Event + `","eventType":"x","livemode":true}`:  true,
		`{"id":"` + testIDs.Event + `","eventType":"x","livemode":false}`: false,
	} {
		t.Run(body, func(t *testing.T) {
			_, err := v.Verify(t.Context(), key.sign(t, testIDs, time.Now(), []byte(body)), []byte(body))
			if want {
				assert.NoError(t, err)
			} else {
				requireCheck(t, err, webhook.CheckLivemode)
			}
		})
	}
}

func TestNewVerifierRejects(t *testing.T) {
	good := newSigningKey(t).PublicKeyHex()
	for name, c := range map[string]struct {
		keys []webhook.Key
		opts []webhook.VerifierOption
		text string
	}{
		"no keys":             {text: "no keys"},
		"an empty key":        {keys: []webhook.Key{{}}, text: "33 bytes"},
		"no hexadecimal":      {keys: []webhook.Key{{PublicKey: "0x02zz"}}, text: "hexadecimal"},
		"a second bad key":    {keys: []webhook.Key{{PublicKey: good}, {PublicKey: good[:64]}}, text: "key 2"},
		"not on the curve":    {keys: []webhook.Key{{PublicKey: "0x02" + strings.Repeat("f", 64)}}, text: "P-256"},
		"an uncompressed key": {keys: []webhook.Key{{PublicKey: "04" + strings.Repeat("11", 64)}}, text: "33 bytes"},
		"another prefix":      {keys: []webhook.Key{{PublicKey: "0x05" + good[4:]}}, text: "P-256"},
		"nil clock":           {keys: []webhook.Key{{PublicKey: good}}, opts: []webhook.VerifierOption{webhook.WithClock(nil)}, text: "clock"},
		"no window":           {keys: []webhook.Key{{PublicKey: good}}, opts: []webhook.VerifierOption{webhook.WithWindow(0)}, text: "window"},
		"nil source":          {opts: []webhook.VerifierOption{webhook.WithKeySource(nil)}, text: "source"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := webhook.NewVerifier(c.keys, c.opts...)
			assert.Nil(t, v)
			require.Error(t, err)
			assert.Contains(t, strings.ToLower(err.Error()), strings.ToLower(c.text))
		})
	}
}

func TestSeveralKeysAreToldApartByTheirIDs(t *testing.T) {
	first, second, unnamed := newSigningKey(t), newSigningKey(t), newSigningKey(t)
	v, err := webhook.NewVerifier([]webhook.Key{first.named("first"), second.named("second"), unnamed.named("")})
	require.NoError(t, err)
	for _, c := range []struct {
		name  string
		key   signingKey
		id    string
		check webhook.Check
	}{
		{"first", first, "first", ""},
		{"second", second, "second", ""},
		{"unnamed under an unknown id", unnamed, "third", ""},
		{"first under the second's id", first, "second", webhook.CheckSignature},
		{"unnamed under the first's id", unnamed, "first", webhook.CheckSignature},
		{"first under an unknown id", first, "third", webhook.CheckSignature},
		{"a stranger", newSigningKey(t), "first", webhook.CheckSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			ids := webhooktest.DeliveryIDs{Delivery: testIDs.Delivery, Event: testIDs.Event, Key: c.id}
			_, err := v.Verify(t.Context(), c.key.sign(t, ids, time.Now(), customerBody), customerBody)
			if c.check == "" {
				assert.NoError(t, err)
			} else {
				requireCheck(t, err, c.check)
			}
		})
	}

	v, err = webhook.NewVerifier([]webhook.Key{first.named("first")})
	require.NoError(t, err)
	ids := testIDs
	ids.Key = "second"
	_, err = v.Verify(t.Context(), second.sign(t, ids, time.Now(), customerBody), customerBody)
	requireCheck(t, err, webhook.CheckKey)
}
