package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "github.com/lib/pq"              // the driver postgres
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/recovertest"
	"github.com/byzantine-finance/byzantine-go/internal/testserver"
	"github.com/byzantine-finance/byzantine-go/stores/postgres"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// drivers are those of database/sql that the store is tested with.
var drivers = []string{"pgx", "postgres"}

func openSQL(t *testing.T, driver string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, "host="+testserver.Need(t, shared).Dir+" user=test dbname=postgres sslmode=disable")
	require.NoError(t, err)
	db.SetMaxOpenConns(10)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func newSQLStore(t *testing.T, db *sql.DB) *postgres.Store {
	t.Helper()
	store, err := postgres.NewSQL(db)
	require.NoError(t, err)
	require.NoError(t, store.CreateSchema(t.Context()))
	return store
}

func TestStoreOnDatabaseSQL(t *testing.T) {
	for _, driver := range drivers {
		t.Run(driver, func(t *testing.T) {
			webhooktest.TestStore(t, func(t *testing.T) (a, b webhook.Store) {
				return newSQLStore(t, openSQL(t, driver)), newSQLStore(t, openSQL(t, driver))
			})
		})
	}
}

// Two replicas share a table although one uses pgx and the other database/sql.
func TestReplicasOfDifferentDrivers(t *testing.T) {
	for _, driver := range drivers {
		t.Run(driver, func(t *testing.T) {
			webhooktest.TestStore(t, func(t *testing.T) (a, b webhook.Store) {
				a, _ = newStore(t, testserver.Need(t, shared))
				return a, newSQLStore(t, openSQL(t, driver))
			})
		})
	}
}

func TestPurgeOnDatabaseSQL(t *testing.T) {
	for _, driver := range drivers {
		t.Run(driver, func(t *testing.T) {
			store := newSQLStore(t, openSQL(t, driver))
			_, pool := newStore(t, testserver.Need(t, shared))
			key := webhooktest.NewID()
			c, err := store.Begin(t.Context(), key, hour)
			require.NoError(t, err)
			require.NoError(t, store.Done(t.Context(), c))
			require.NoError(t, store.Purge(t.Context()))
			_, err = store.Begin(t.Context(), key, hour)
			require.ErrorIs(t, err, webhook.ErrHandled)
			_, err = pool.Exec(t.Context(), `UPDATE byzantine_webhook_records SET touched_at = touched_at - interval '31 days',
				token = token - 2678400000000, lease_until = '-infinity' WHERE key = $1`, key)
			require.NoError(t, err)
			require.NoError(t, store.Purge(t.Context()))
			_, err = store.Begin(t.Context(), key, hour)
			require.NoError(t, err)
		})
	}
}

func TestWorkAndRecordAreOneTransactionOnDatabaseSQL(t *testing.T) {
	for _, driver := range drivers {
		t.Run(driver, func(t *testing.T) {
			l := newLedger(t)
			db := openSQL(t, driver)
			l.store = newSQLStore(t, db)
			outcome := errors.New("odd")
			event := webhooktest.NewID()
			deliver := recovertest.Receiver(t, l.store, func(ctx context.Context, d *webhook.Delivery) error {
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					return err
				}
				defer func() { _ = tx.Rollback() }()
				if err := l.store.DoneInSQL(ctx, tx); err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, `INSERT INTO ledger VALUES ($1)`, d.EventID); err != nil {
					return err
				}
				if outcome != nil {
					return outcome
				}
				return tx.Commit()
			})
			assert.Equal(t, http.StatusInternalServerError, deliver(event))
			assert.Equal(t, 0, l.rows(event), "neither work nor record")
			outcome = nil
			assert.Equal(t, http.StatusNoContent, deliver(event))
			assert.Equal(t, http.StatusNoContent, deliver(event))
			assert.Equal(t, 1, l.rows(event))

			tx, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer func() { _ = tx.Rollback() }()
			assert.ErrorContains(t, l.store.DoneInSQL(t.Context(), tx), "context")
		})
	}
}

func TestNewSQLRejects(t *testing.T) {
	_, err := postgres.NewSQL(nil)
	assert.ErrorContains(t, err, "nil database")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
	_, err = postgres.NewSQL(new(sql.DB), postgres.WithRetention(hour))
	assert.ErrorContains(t, err, "NewSQL: WithRetention")
	assert.Empty(t, errtext.Flaw(err.Error()), err)
}
