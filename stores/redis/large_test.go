package redis_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/storebench"
	"github.com/byzantine-finance/byzantine-go/internal/testserver"
	"github.com/byzantine-finance/byzantine-go/stores/redis"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// TestLargeStore logs how long the store's calls take among many records: BYZANTINE_STORE_ROWS=10000000 go test -run
// TestLargeStore -v . Without the variable it runs each call once among few records. Redis needs about 200 bytes of
// memory for each record.
func TestLargeStore(t *testing.T) {
	server := testserver.Need(t, shared)
	client := goredis.NewClient(&goredis.Options{Network: "unix", Addr: server.RedisSocket(), ReadTimeout: time.Minute, WriteTimeout: time.Minute})
	defer client.Close()
	ctx := t.Context()
	prefix := webhooktest.NewID() + ":"
	store, err := redis.New(client, redis.WithPrefix(prefix))
	require.NoError(t, err)
	rows, measure := storebench.Rows(t)
	began := time.Now()
	const day, batch = 24 * time.Hour, 1000
	// The records' ages are spread evenly over 29 days. A record is due for a renewal at 3 days (a tenth of the
	// retention): none of the first tenth of the records (up to 2.9 days old), and all after the first ninth (3.2 days).
	for done := 0; done < rows; done += batch {
		_, err := client.Pipelined(ctx, func(p goredis.Pipeliner) error {
			for n := done; n < min(done+batch, rows); n++ {
				age := 29 * day / time.Duration(rows) * time.Duration(n)
				at := began.Add(-age).UnixMicro()
				p.HSet(ctx, prefix+fmt.Sprint("event-of-the-length-of-an-id-", n), "token", at, "until", at, "done", 1)
				p.PExpire(ctx, prefix+fmt.Sprint("event-of-the-length-of-an-id-", n), 30*day-age)
			}
			return nil
		})
		require.NoError(t, err)
	}
	t.Logf("%d records in %v", rows, time.Since(began).Round(time.Second))

	young := func() string { return fmt.Sprint("event-of-the-length-of-an-id-", rand.IntN(rows/10)) }
	old := rows / 9
	next := func() string { old++; return fmt.Sprint("event-of-the-length-of-an-id-", old) }
	handled := func(err error) error {
		if errors.Is(err, webhook.ErrHandled) {
			return nil
		}
		return fmt.Errorf("not handled: %w", err)
	}
	storebench.Run(t, []storebench.Line{
		{Name: "Redis: an event handled (Begin, Done)", Limit: func() error {
			id := prefix + webhooktest.NewID()
			return errors.Join(client.HSet(ctx, id, "token", 1, "until", 1).Err(), client.HSet(ctx, id, "done", 1).Err())
		}, Ours: func() error {
			c, err := store.Begin(ctx, webhooktest.NewID(), time.Minute)
			return errors.Join(err, store.Done(ctx, c))
		}},
		{Name: "Redis: a duplicate (Begin)", Limit: func() error { return client.HMGet(ctx, prefix+young(), "token", "until", "done", "value").Err() },
			Ours: func() error { _, err := store.Begin(ctx, young(), time.Minute); return handled(err) }},
		{Name: "Redis: a duplicate that is renewed (Begin)", Limit: func() error { return client.PExpire(ctx, prefix+next(), 30*day).Err() },
			Ours: func() error { _, err := store.Begin(ctx, next(), time.Minute); return handled(err) }},
	}, measure)
}
