package byzantinetest_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestClockThatRunsRetriesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, sandbox := newBubbleWorld(t, nil)
		w.endpoint.answer(500, 500)
		start := time.Now()
		sandbox.SetStatus(w.accountID, byzantine.VerificationUnderReview)
		synctest.Wait()
		assert.Equal(t, []time.Duration{0}, w.endpoint.offsets(start), "at once, without anybody waiting for it")
		time.Sleep(time.Hour)
		synctest.Wait()
		attempts(t, w.only(), byzantine.WebhookDeliverySucceeded, 500, 500, 204)
		assert.Equal(t, []time.Duration{0, 30 * time.Second, 90 * time.Second}, w.endpoint.offsets(start))
	})
}

func TestClockThatRunsCanBeMovedAsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, sandbox := newBubbleWorld(t, nil)
		w.endpoint.answer(500, 500, 500)
		start := time.Now()
		sandbox.SetStatus(w.accountID, byzantine.VerificationUnderReview)
		sandbox.Advance(time.Minute)
		attempts(t, w.only(), byzantine.WebhookDeliveryFailed, 500, 500)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		attempts(t, w.only(), byzantine.WebhookDeliveryFailed, 500, 500, 500)
		sandbox.Advance(time.Hour)
		attempts(t, w.only(), byzantine.WebhookDeliverySucceeded, 500, 500, 500, 204)
		assert.Equal(t, 30*time.Second, time.Since(start))
	})
}

func TestAttemptTimesOut(t *testing.T) {
	hang := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	drip := func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: hangingBody{r.Context()}}, nil
	}
	for name, test := range map[string]struct {
		transport roundTripper
		code      int32
	}{
		"no answer":           {hang, 0},
		"no end of an answer": {drip, 200},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, sandbox := newBubbleWorld(t, test.transport)
				start := time.Now()
				sandbox.SetStatus(w.accountID, byzantine.VerificationUnderReview)
				sandbox.Deliver()
				assert.Equal(t, 10*time.Second, time.Since(start))
				d := w.only()
				attempts(t, d, byzantine.WebhookDeliveryFailed, test.code)
				assert.Equal(t, "no complete response within 10s", d.Attempts[0].Error)
				assert.Equal(t, new(int32(10_000)), d.Attempts[0].LatencyMs)
				assert.Equal(t, start.Add(40*time.Second).UTC(), *d.Delivery.NextAttemptAt)
				assert.Equal(t, start.Add(10*time.Second).UTC(), d.Delivery.UpdatedAt)
			})
		})
	}
}

// The connection of a response that switches protocols is no longer the transport's to close.
func TestAnswerThatSwitchesProtocolsTimesOutAsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := newPipeNetwork()
		defer network.Close()
		w, sandbox := newBubbleWorld(t, &http.Transport{DialContext: network.dial, DisableKeepAlives: true})
		w.update(byzantine.UpdateWebhookSubscriptionRequest{URL: "http://127.0.0.1/hook"})
		sandbox.SetStatus(w.accountID, byzantine.VerificationUnderReview)
		conn, err := network.Accept()
		require.NoError(t, err)
		defer conn.Close()
		request, err := http.ReadRequest(bufio.NewReader(conn))
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, request.Body)
		require.NoError(t, err)
		_, err = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		require.NoError(t, err)
		start := time.Now()
		sandbox.Deliver()
		assert.Equal(t, 10*time.Second, time.Since(start))
		d := w.only()
		attempts(t, d, byzantine.WebhookDeliveryFailed, 101)
		assert.Equal(t, "no complete response within 10s", d.Attempts[0].Error)
	})
}

// hangingBody never ends by itself.
type hangingBody struct{ ctx context.Context }

func (b hangingBody) Read([]byte) (int, error) { <-b.ctx.Done(); return 0, b.ctx.Err() }
func (b hangingBody) Close() error             { return nil }

// The bubble fails if a goroutine is left in it.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	t.Run("waiting for a retry", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, sandbox := newBubbleWorld(t, nil)
			w.endpoint.answer(500)
			sandbox.SetStatus(w.accountID, byzantine.VerificationUnderReview)
			sandbox.Deliver()
			sandbox.Close()
			time.Sleep(time.Hour)
			sandbox.SetStatus(w.accountID, byzantine.VerificationActive)
			sandbox.Deliver()
			sandbox.Advance(time.Hour)
			assert.Len(t, w.endpoint.deliveries(), 1, "nothing is sent any more")
			sandbox.Close()
		})
	})
	t.Run("in the middle of an attempt", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			// The transport of net/http on a network without sockets.
			network := newPipeNetwork()
			stuck := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body) // or the server does not see that the sender hangs up
				<-r.Context().Done()
			})}
			go stuck.Serve(network)
			defer stuck.Close()
			w, sandbox := newBubbleWorld(t, &http.Transport{DialContext: network.dial, DisableKeepAlives: true})
			w.update(byzantine.UpdateWebhookSubscriptionRequest{URL: "http://127.0.0.1/hook"})
			start := time.Now()
			sandbox.SetStatus(w.accountID, byzantine.VerificationUnderReview)
			tested := make(chan *byzantine.WebhookDeliveryResult)
			go func() {
				result, err := w.client.SendTestWebhookDelivery(t.Context(), w.Subscription.ID)
				assert.NoError(t, err)
				tested <- result
			}()
			synctest.Wait()
			sandbox.SetStatus(w.accountID, byzantine.VerificationActive) // waits for its turn
			sandbox.Close()
			result := <-tested
			assert.Equal(t, "the sandbox was closed", result.Attempt.Error)
			history := w.history(nil)
			require.Len(t, history, 3)
			attempts(t, history[0], byzantine.WebhookDeliveryPending)
			attempts(t, history[1], byzantine.WebhookDeliveryFailed, 0)
			attempts(t, history[2], byzantine.WebhookDeliveryFailed, 0)
			assert.Equal(t, start.Add(2*time.Millisecond), time.Now(), "without waiting for the timeout: three events are that far apart")
		})
	})
}

func TestEndpointMayCallTheSandboxWhileItAnswers(t *testing.T) {
	w := newWebhookWorld(t)
	events := make(chan int, 1)
	w.update(byzantine.UpdateWebhookSubscriptionRequest{URL: listen(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		list, err := w.client.ListEvents(r.Context(), nil)
		if assert.NoError(t, err) {
			events <- len(list.Events)
		}
	}))})
	w.happen(byzantine.VerificationUnderReview)
	w.server.Deliver()
	assert.Equal(t, 1, <-events)
	_, err := w.client.SendTestWebhookDelivery(t.Context(), w.Subscription.ID)
	require.NoError(t, err)
	assert.Equal(t, 1, <-events)
}

// However many events there are, one delivery is sent at a time, unless somebody asks for another.
func TestDeliveriesGoOutOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var now, most, total int
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			now += by
			most = max(most, now)
			total++
		}
		w, sandbox := newBubbleWorld(t, roundTripper(func(*http.Request) (*http.Response, error) {
			count(+1)
			defer count(-1)
			time.Sleep(time.Second)
			return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
		}))
		start := time.Now()
		for range 10 {
			sandbox.SetStatus(w.accountID, byzantine.VerificationUnderReview)
			sandbox.SetStatus(w.accountID, byzantine.VerificationActive)
		}
		sandbox.Deliver()
		assert.Equal(t, 20*time.Second, time.Since(start))
		assert.Equal(t, 1, most)
		assert.Equal(t, 40, total)
	})
}

func TestEverythingAtTheSameTime(t *testing.T) {
	w := newWebhookWorld(t)
	w.endpoint.answer(500, 500, 500, 500, 500, 500, 500, 500, 500, 500)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			status := []byzantine.VerificationStatus{byzantine.VerificationUnderReview, byzantine.VerificationActive}[i%2]
			for range 5 {
				w.server.SetStatus(w.accountID, status)
				w.server.Advance(time.Second) // 40 in all: a request that is being signed stays young enough
				_, err := w.client.SendTestWebhookDelivery(context.Background(), w.Subscription.ID)
				assert.NoError(t, err)
				list, err := w.client.ListWebhookDeliveries(context.Background(), &byzantine.ListWebhookDeliveriesRequest{Status: byzantine.WebhookDeliveryFailed})
				if assert.NoError(t, err) && len(list.Deliveries) > 0 {
					_, _ = w.client.RetryWebhookDelivery(context.Background(), list.Deliveries[0].Delivery.ID) // which somebody else may have
				}
			}
		})
	}
	group.Wait()
	w.server.Advance(24 * time.Hour)
	sent := 0
	for _, d := range w.history(&byzantine.ListWebhookDeliveriesRequest{Limit: 250}) {
		assert.Equal(t, byzantine.WebhookDeliverySucceeded, d.Delivery.Status)
		assert.Len(t, d.Attempts, int(d.Delivery.AttemptCount))
		sent += len(d.Attempts)
	}
	assert.Len(t, w.endpoint.deliveries(), sent)
}

func TestSeedMakesDeliveriesRepeatable(t *testing.T) {
	type ids struct{ user, subscription, key, delivery, event, attempt string }
	play := func(seed uint64) (all []ids) {
		w := newWebhookWorld(t, byzantinetest.WithSeed(seed))
		w.endpoint.answer(500, 500)
		w.happen(byzantine.VerificationUnderReview)
		user := w.server.AddUser(byzantinetest.User{}) // while the delivery may be under way
		w.happen(byzantine.VerificationActive)
		w.server.Advance(time.Hour)
		for _, d := range w.history(nil) {
			for _, a := range d.Attempts {
				all = append(all, ids{user.ID, w.Subscription.ID, a.SigningKeyID, d.Delivery.ID, d.Event.ID, a.ID})
			}
		}
		return all
	}
	first := play(7)
	assert.Len(t, first, 4)
	assert.Equal(t, first, play(7))
	assert.NotEqual(t, first, play(8))
}

// pipeNetwork is a listener whose connections are pipes in memory.
type pipeNetwork struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeNetwork() *pipeNetwork {
	return &pipeNetwork{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (n *pipeNetwork) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.conns <- server:
		return client, nil
	case <-n.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *pipeNetwork) Accept() (net.Conn, error) {
	select {
	case conn := <-n.conns:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *pipeNetwork) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

func (n *pipeNetwork) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
