package webhook_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/longtest"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

var deliveryHeaders = []string{webhook.HeaderDeliveryID, webhook.HeaderEventID, webhook.HeaderTimestamp,
	webhook.HeaderKeyID, webhook.HeaderAlgorithm, webhook.HeaderSignature}

// sent is a delivery: the headers and the body of its request.
type sent struct {
	header http.Header
	body   []byte
}

func (s sent) clone() sent { return sent{s.header.Clone(), bytes.Clone(s.body)} }

// meaning returns a text that is the same for two deliveries if they differ at most in the spelling of the signature:
// 0x in front, and the letter case of its digits.
func (s sent) meaning() string {
	h := s.header.Clone()
	signature := strings.ToLower(strings.TrimPrefix(h.Get(webhook.HeaderSignature), "0x"))
	h.Set(webhook.HeaderSignature, signature)
	var b strings.Builder
	for _, name := range deliveryHeaders {
		fmt.Fprintf(&b, "%q\n", h.Values(name))
	}
	b.Write(s.body)
	return b.String()
}

// No delivery that was tampered with is accepted. (tamper leaves out one change: s replaced by the order of the curve
// minus s. That is another valid signature of the same delivery, and the API's signatures may have a high or a low s.)
func TestForgedDeliveriesAreRejected(t *testing.T) {
	n := longtest.Count(8_000, 1_000_000)
	now := time.Now()
	var keys []webhook.Key
	var genuine []sent
	for k := range 3 {
		key := newSigningKey(t)
		ids := testIDs
		ids.Key = fmt.Sprintf("key %d", k)
		keys = append(keys, key.named(ids.Key))
		for e := range 4 {
			ids.Delivery = fmt.Sprintf("2f6a1c1e-0b7a-4c53-9d1b-%06d%06d", k, e)
			ids.Event = fmt.Sprintf("2f6a1c1e-0b7a-4c53-9d1c-%06d%06d", k, e)
			body := bytes.Replace(customerBody, []byte(testIDs.Event), []byte(ids.Event), 1)
			if e == 3 {
				body = []byte(`{"id":"` + ids.Event + `","type":"webhook.test","data":"a.1.b.2"}`)
			}
			at := now.Add(time.Duration(rand.IntN(120)-60) * time.Second)
			genuine = append(genuine, sent{key.sign(t, ids, at, body), body})
		}
	}
	v, err := webhook.NewVerifier(keys, webhook.WithClock(func() time.Time { return now }))
	require.NoError(t, err)
	known := map[string]bool{}
	for _, s := range genuine {
		_, err := v.Verify(t.Context(), s.header, s.body)
		require.NoError(t, err)
		known[s.meaning()] = true
	}

	start := time.Now()
	var left atomic.Int64
	left.Store(int64(n))
	var checks sync.Map
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				s := forge(genuine, known)
				d, err := v.Verify(t.Context(), s.header, s.body)
				if !assert.Error(t, err, "accepted: %v %s", s.header, s.body) {
					return
				}
				assert.Nil(t, d)
				check := err.(*webhook.VerifyError).Check
				counter, _ := checks.LoadOrStore(check, new(atomic.Int64))
				counter.(*atomic.Int64).Add(1)
			}
		})
	}
	all.Wait()
	var tally []string
	checks.Range(func(check, counter any) bool {
		tally = append(tally, fmt.Sprintf("%s %d", check, counter.(*atomic.Int64).Load()))
		return true
	})
	slices.Sort(tally)
	t.Logf("%d forged deliveries rejected in %s: %s", n, time.Since(start).Round(time.Millisecond), strings.Join(tally, ", "))
}

// forge returns a changed copy of one of the genuine deliveries that means something else than each of them. known has
// the meanings of the genuine ones.
func forge(genuine []sent, known map[string]bool) sent {
	for {
		s := genuine[rand.IntN(len(genuine))].clone()
		for range 1 + rand.IntN(3) {
			tamper(&s, genuine[rand.IntN(len(genuine))])
		}
		if !known[s.meaning()] {
			return s
		}
	}
}

func tamper(s *sent, other sent) {
	name := deliveryHeaders[rand.IntN(len(deliveryHeaders))]
	value := s.header.Get(name)
	switch rand.IntN(14) {
	case 0: // a bit of the body
		if len(s.body) > 0 {
			s.body[rand.IntN(len(s.body))] ^= 1 << rand.IntN(8)
		}
	case 1: // a byte more
		i := rand.IntN(len(s.body) + 1)
		s.body = slices.Insert(s.body, i, byte(rand.IntN(256)))
	case 2: // a byte less
		if len(s.body) > 0 {
			i := rand.IntN(len(s.body))
			s.body = slices.Delete(s.body, i, i+1)
		}
	case 3: // the body of another delivery
		s.body = bytes.Clone(other.body)
	case 4: // another event id, in the header and in the body
		s.body = bytes.ReplaceAll(s.body, []byte(s.header.Get(webhook.HeaderEventID)), []byte(other.header.Get(webhook.HeaderEventID)))
		s.header.Set(webhook.HeaderEventID, other.header.Get(webhook.HeaderEventID))
	case 5, 6: // a header of another delivery
		s.header.Set(name, other.header.Get(name))
	case 7: // a bit of a header
		if value != "" {
			b := []byte(value)
			b[rand.IntN(len(b))] ^= 1 << rand.IntN(7)
			s.header.Set(name, string(b))
		}
	case 8: // a digit of the signature
		if b := []byte(s.header.Get(webhook.HeaderSignature)); len(b) > 0 {
			b[rand.IntN(len(b))] = "0123456789abcdef"[rand.IntN(16)]
			s.header.Set(webhook.HeaderSignature, string(b))
		}
	case 9: // another time
		if seconds, err := strconv.ParseInt(s.header.Get(webhook.HeaderTimestamp), 10, 64); err == nil {
			s.header.Set(webhook.HeaderTimestamp, strconv.FormatInt(seconds+int64(rand.IntN(600)-300), 10))
		}
	case 10: // the end of one part becomes the beginning of the next
		i := rand.IntN(3)
		left, right := deliveryHeaders[i], deliveryHeaders[min(i+1, 2)]
		if i == 2 {
			s.body = append([]byte(s.header.Get(left)[min(1, len(s.header.Get(left))):]+"."), s.body...)
			break
		}
		joined := s.header.Get(left) + "." + s.header.Get(right)
		cut := rand.IntN(len(joined))
		s.header.Set(left, joined[:cut])
		s.header.Set(right, joined[cut+1:])
	case 11: // a header twice, or not at all
		if rand.IntN(2) == 0 {
			s.header.Add(name, other.header.Get(name))
		} else {
			s.header.Del(name)
		}
	case 12: // r and s exchanged
		if v := strings.TrimPrefix(s.header.Get(webhook.HeaderSignature), "0x"); len(v) == 128 {
			s.header.Set(webhook.HeaderSignature, v[64:]+v[:64])
		}
	case 13: // r and s are 0, 2^256 - 1, 1 or the order of the curve
		special := []string{strings.Repeat("0", 64), strings.Repeat("f", 64), strings.Repeat("0", 63) + "1",
			"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"}
		s.header.Set(webhook.HeaderSignature, special[rand.IntN(4)]+special[rand.IntN(4)])
	}
}

// FuzzVerify tests that a Verifier with the key of the OpenSSL delivery accepts that delivery and no other one. Nobody
// has the private key any more, so every other delivery is a forgery.
func FuzzVerify(f *testing.F) {
	v, err := webhook.NewVerifier([]webhook.Key{{PublicKey: opensslKey}}, at(1788430272))
	require.NoError(f, err)
	h := opensslHeader()
	get := func(name string) string { return h.Get(name) }
	f.Add(get(webhook.HeaderDeliveryID), get(webhook.HeaderEventID), get(webhook.HeaderTimestamp), get(webhook.HeaderAlgorithm), get(webhook.HeaderSignature), []byte(opensslBody))
	f.Add(get(webhook.HeaderDeliveryID), get(webhook.HeaderEventID), get(webhook.HeaderTimestamp), get(webhook.HeaderAlgorithm), "0x"+opensslSignature, []byte(opensslBody))
	f.Add(testIDs.Delivery, testIDs.Event, "1788430272", webhook.Algorithm, strings.Repeat("0", 128), customerBody)
	f.Add("", "", "", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, deliveryID, eventID, timestamp, algorithm, signature string, body []byte) {
		h := http.Header{}
		h.Set(webhook.HeaderDeliveryID, deliveryID)
		h.Set(webhook.HeaderEventID, eventID)
		h.Set(webhook.HeaderTimestamp, timestamp)
		h.Set(webhook.HeaderKeyID, "any")
		h.Set(webhook.HeaderAlgorithm, algorithm)
		h.Set(webhook.HeaderSignature, signature)
		_, err := v.Verify(t.Context(), h, body)
		genuine := deliveryID == get(webhook.HeaderDeliveryID) && eventID == get(webhook.HeaderEventID) &&
			timestamp == get(webhook.HeaderTimestamp) && algorithm == webhook.Algorithm &&
			strings.EqualFold(strings.TrimPrefix(signature, "0x"), opensslSignature) && string(body) == opensslBody
		if genuine != (err == nil) {
			t.Fatalf("genuine: %t, Verify: %v", genuine, err)
		}
	})
}

// FuzzEvent signs any body. Whatever the body is, nothing panics, and an event that is decoded has the id that the
// header names.
func FuzzEvent(f *testing.F) {
	f.Add(customerBody)
	f.Add([]byte(juneBody))
	f.Add([]byte(opensslBody))
	f.Add([]byte(`{"id":"` + testIDs.Event + `","type":"x","id":"y"}`))
	f.Add([]byte(`[{"id":1}`))
	key := newSigningKey(f)
	v := newVerifier(f, key)
	f.Fuzz(func(t *testing.T, body []byte) {
		h, err := webhooktest.SignDelivery(key.PrivateKey, testIDs, time.Now(), body)
		require.NoError(t, err)
		d, err := v.Verify(t.Context(), h, body)
		if err != nil {
			requireCheck(t, err, webhook.CheckEventID)
			return
		}
		event, err := d.Event()
		if err != nil {
			return
		}
		assert.Equal(t, testIDs.Event, event.ID)
		assert.NotEmpty(t, event.Type)
		_, _ = event.CustomerData()
		_, _ = event.TransactionData()
	})
}
