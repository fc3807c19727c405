package webhook_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// A Verifier calls its key source in one goroutine at a time, so a call that never returned would hold up every
// delivery whose key is unknown. The calls of a byzantine.Client end with the timeout of their attempt, whatever the
// API or a proxy sends.
func TestClientAsKeySourceHoldsUpNoDelivery(t *testing.T) {
	for name, play := range map[string]func(io.ReadWriter){
		"101 and an open connection": func(c io.ReadWriter) {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
			_, _ = io.Copy(io.Discard, c)
		},
		"a body that stops": func(c io.ReadWriter) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
			_, _ = io.Copy(io.Discard, c)
		},
		"a body that drips": func(c io.ReadWriter) {
			_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			for err == nil {
				_, err = io.WriteString(c, " ")
				time.Sleep(time.Millisecond)
			}
		},
		"1xx for ever": func(c io.ReadWriter) {
			var err error
			for err == nil {
				_, err = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n")
				time.Sleep(time.Millisecond)
			}
		},
		"nothing": func(c io.ReadWriter) { _, _ = io.Copy(io.Discard, c) },
	} {
		t.Run(name, func(t *testing.T) {
			known, later := newSigningKey(t), newSigningKey(t)
			var well atomic.Bool
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if well.Load() {
					_, _ = fmt.Fprintf(w, `{"subscriptions":[{"id":"s","algorithm":%q,"activeSigningKeyId":"later","publicKey":%q}]}`,
						webhook.Algorithm, later.PublicKeyHex())
					return
				}
				conn, _, err := http.NewResponseController(w).Hijack()
				if assert.NoError(t, err) {
					defer conn.Close()
					play(conn)
				}
			}))
			defer api.Close()
			key, err := byzantine.GenerateKey()
			require.NoError(t, err)
			client, err := byzantine.NewClient(key, byzantine.WithBaseURL(api.URL),
				byzantine.WithAttemptTimeout(100*time.Millisecond), byzantine.WithMaxAttempts(1))
			require.NoError(t, err)
			var ahead atomic.Int64
			now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			v, err := webhook.NewVerifier([]webhook.Key{known.named("known")},
				webhook.WithKeySource(webhook.SubscriptionKeys(client)), webhook.WithClock(now))
			require.NoError(t, err)
			deliver := func(key signingKey, id string) error {
				ids := testIDs
				ids.Key = id
				_, err := v.Verify(t.Context(), key.sign(t, ids, now(), customerBody), customerBody)
				return err
			}

			var waiting sync.WaitGroup
			for range 20 {
				waiting.Go(func() {
					var failed *webhook.VerifyError
					if assert.ErrorAs(t, deliver(later, "later"), &failed) {
						assert.Equal(t, webhook.CheckKeySource, failed.Check, failed)
					}
				})
			}
			assert.NoError(t, deliver(known, "known"), "a known key waits for nobody")
			done := make(chan struct{})
			go func() { waiting.Wait(); close(done) }()
			select {
			case <-done:
			case <-time.After(time.Minute):
				require.FailNow(t, "the deliveries are held up")
			}
			well.Store(true)
			ahead.Store(int64(time.Minute)) // now the verifier may call the source again
			assert.NoError(t, deliver(later, "later"))
		})
	}
}
