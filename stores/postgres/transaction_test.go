package postgres_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/recovertest"
	"github.com/byzantine-finance/byzantine-go/internal/testserver"
	"github.com/byzantine-finance/byzantine-go/stores/postgres"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// ledger is the integrator's table in the store's database. It has a row for each time that the work of an event was
// committed.
type ledger struct {
	t     *testing.T
	store *postgres.Store
	pool  *pgxpool.Pool
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	store, pool := newStore(t, testserver.Need(t, shared))
	return newLedgerIn(t, store, pool)
}

func newLedgerIn(t *testing.T, store *postgres.Store, pool *pgxpool.Pool) *ledger {
	t.Helper()
	_, err := pool.Exec(t.Context(), `CREATE TABLE IF NOT EXISTS ledger (event text NOT NULL)`)
	require.NoError(t, err)
	return &ledger{t, store, pool}
}

// work does the work of an event and records that the event is done, in one transaction. It calls inside before it
// commits, and rolls the transaction back if inside returns an error.
func (l *ledger) work(ctx context.Context, d *webhook.Delivery, inside func() error) error {
	return pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if err := l.store.DoneIn(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO ledger VALUES ($1)`, d.EventID); err != nil {
			return err
		}
		return inside()
	})
}

func (l *ledger) rows(event string) (n int) {
	l.t.Helper()
	require.NoError(l.t, l.pool.QueryRow(l.t.Context(), `SELECT count(*) FROM ledger WHERE event = $1`, event).Scan(&n))
	return n
}

// receiver returns a function that delivers the event to a Handler with the ledger's store and the function fn. deliver
// returns the status of the response.
func (l *ledger) receiver(event string, fn webhook.Func) (deliver func() int) {
	l.t.Helper()
	send := recovertest.Receiver(l.t, l.store, fn)
	return func() int { return send(event) }
}

func TestWorkAndRecordAreOneTransaction(t *testing.T) {
	l := newLedger(t)
	refused := errors.New("refused")
	nothing := func() error { return nil }

	t.Run("a failure after the end of the transaction", func(t *testing.T) {
		event := webhooktest.NewID()
		deliver := l.receiver(event, func(ctx context.Context, d *webhook.Delivery) error {
			return errors.Join(l.work(ctx, d, nothing), refused)
		})
		assert.Equal(t, http.StatusInternalServerError, deliver())
		assert.Equal(t, http.StatusNoContent, deliver(), "the work was done")
		assert.Equal(t, 1, l.rows(event))
	})

	t.Run("a failure inside", func(t *testing.T) {
		event := webhooktest.NewID()
		outcome := refused
		deliver := l.receiver(event, func(ctx context.Context, d *webhook.Delivery) error {
			return l.work(ctx, d, func() error { return outcome })
		})
		assert.Equal(t, http.StatusInternalServerError, deliver())
		assert.Equal(t, 0, l.rows(event), "neither work nor record")
		outcome = nil
		assert.Equal(t, http.StatusNoContent, deliver())
		assert.Equal(t, http.StatusNoContent, deliver())
		assert.Equal(t, 1, l.rows(event))
	})
}

func TestStragglerCannotCommit(t *testing.T) {
	l := newLedger(t)
	event := webhooktest.NewID()
	stuck, resume := make(chan webhook.Claim), make(chan bool)
	first := true
	var straggler error
	deliver := l.receiver(event, func(ctx context.Context, d *webhook.Delivery) error {
		if !first {
			return l.work(ctx, d, func() error { return nil })
		}
		first = false
		claim, _ := webhook.ClaimFrom(ctx)
		stuck <- claim
		<-resume
		straggler = l.work(ctx, d, func() error { return nil })
		return straggler
	})
	answer := make(chan int)
	go func() { answer <- deliver() }()
	claim := <-stuck
	// A negative lease has the claim's lease end now.
	require.NoError(t, l.store.Save(t.Context(), claim, -time.Second, ""))
	assert.Equal(t, http.StatusNoContent, deliver())
	close(resume)
	assert.Equal(t, http.StatusInternalServerError, <-answer)
	require.ErrorIs(t, straggler, webhook.ErrLeaseLost)
	assert.Equal(t, 1, l.rows(event))
}

// The lease of an event runs out while its function is in a transaction. A replica that then begins the event waits for
// the end of the transaction, and finds the event done.
func TestOthersWaitForTheEndOfTheTransaction(t *testing.T) {
	l := newLedger(t)
	event := webhooktest.NewID()
	inside, commit := make(chan bool), make(chan bool)
	deliver := l.receiver(event, func(ctx context.Context, d *webhook.Delivery) error {
		claim, _ := webhook.ClaimFrom(ctx)
		require.NoError(t, l.store.Save(ctx, claim, -time.Second, "")) // a negative lease has ended already
		return l.work(ctx, d, func() error {
			inside <- true
			<-commit
			return nil
		})
	})
	answer := make(chan int)
	go func() { answer <- deliver() }()
	<-inside
	other := make(chan error)
	go func() {
		_, err := l.store.Begin(t.Context(), event, hour)
		other <- err
	}()
	l.waitForLock()
	close(commit)
	require.ErrorIs(t, <-other, webhook.ErrHandled)
	assert.Equal(t, http.StatusNoContent, <-answer)
	assert.Equal(t, 1, l.rows(event))
}

// waitForLock waits until a statement of the store waits for a lock.
func (l *ledger) waitForLock() {
	l.t.Helper()
	for waiting := 0; waiting == 0; time.Sleep(5 * time.Millisecond) {
		require.NoError(l.t, l.pool.QueryRow(l.t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE wait_event_type = 'Lock' AND query LIKE '%byzantine_webhook_records%'`).Scan(&waiting))
	}
}

func TestDoneInNeedsTheFunctionsContext(t *testing.T) {
	l := newLedger(t)
	err := pgx.BeginFunc(t.Context(), l.pool, func(tx pgx.Tx) error { return l.store.DoneIn(t.Context(), tx) })
	assert.ErrorContains(t, err, "context")
}

func TestRecoveryInTransactions(t *testing.T) {
	a, b, pool := receivers(t)
	l := newLedgerIn(t, a, pool)
	replicas := func(*testing.T) (webhook.Store, webhook.Store) { return a, b }
	events := recovertest.RunTransaction(t, replicas, func(ctx context.Context, d *webhook.Delivery) error {
		return l.work(ctx, d, func() error { return nil })
	})
	for _, event := range events {
		require.Equal(t, 1, l.rows(event), "exactly once")
	}
}
