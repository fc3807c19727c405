package postgres_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/testserver"
	"github.com/byzantine-finance/byzantine-go/stores/postgres"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// The store keeps nothing in a session, so whether it works behind PgBouncer in transaction mode depends only on how
// the driver prepares statements. These are the settings of the drivers with which it works.
func TestStoreBehindPgBouncer(t *testing.T) {
	testserver.Need(t, shared)
	bouncer := testserver.Need(t, sharedBouncer)
	for _, mode := range []string{"cache_describe", "exec", "simple_protocol"} {
		t.Run("pgx, "+mode, func(t *testing.T) {
			webhooktest.TestStore(t, func(t *testing.T) (a, b webhook.Store) {
				address := bouncer.PgBouncerAddress() + " pool_max_conns=10 default_query_exec_mode=" + mode
				a, _ = open(t, address)
				b, _ = open(t, address)
				return a, b
			})
		})
	}
	for driver, parameters := range map[string]string{
		"pgx":      " default_query_exec_mode=exec",
		"postgres": " sslmode=disable binary_parameters=yes",
	} {
		t.Run("database/sql, "+driver, func(t *testing.T) {
			webhooktest.TestStore(t, func(t *testing.T) (a, b webhook.Store) {
				openSQL := func() *postgres.Store {
					db, err := sql.Open(driver, bouncer.PgBouncerAddress()+parameters)
					require.NoError(t, err)
					db.SetMaxOpenConns(10)
					t.Cleanup(func() { _ = db.Close() })
					return newSQLStore(t, db)
				}
				return openSQL(), openSQL()
			})
		})
	}
}
