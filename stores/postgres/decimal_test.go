package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/testserver"
)

// A Decimal that is written to a numeric or a text column has the same value when it is read back, through pgx and
// through database/sql with both drivers.
func TestDecimalInNumericColumns(t *testing.T) {
	_, pool := newStore(t, testserver.Need(t, shared))
	_, err := pool.Exec(t.Context(), `CREATE TABLE amounts (id text PRIMARY KEY, amount numeric, text text)`)
	require.NoError(t, err)

	type access struct {
		insert func(id string, d byzantine.Decimal) error
		read   func(id string) (amount, text, sum byzantine.Decimal, err error)
	}
	const (
		insert = `INSERT INTO amounts VALUES ($1, $2, $3)`
		query  = `SELECT amount, text, amount + 0.01 FROM amounts WHERE id = $1`
	)
	ways := map[string]access{
		"pgx": {
			func(id string, d byzantine.Decimal) error {
				_, err := pool.Exec(t.Context(), insert, id, d, d)
				return err
			},
			func(id string) (a, b, c byzantine.Decimal, err error) {
				err = pool.QueryRow(t.Context(), query, id).Scan(&a, &b, &c)
				return
			},
		},
		"pgx, as text": {
			func(id string, d byzantine.Decimal) error {
				_, err := pool.Exec(t.Context(), insert, pgx.QueryExecModeSimpleProtocol, id, d, d)
				return err
			},
			func(id string) (a, b, c byzantine.Decimal, err error) {
				err = pool.QueryRow(t.Context(), query, pgx.QueryExecModeSimpleProtocol, id).Scan(&a, &b, &c)
				return
			},
		},
	}
	for _, driver := range drivers {
		db := openSQL(t, driver)
		ways["database/sql, "+driver] = access{
			func(id string, d byzantine.Decimal) error {
				_, err := db.ExecContext(t.Context(), insert, id, d, d)
				return err
			},
			func(id string) (a, b, c byzantine.Decimal, err error) {
				err = db.QueryRowContext(t.Context(), query, id).Scan(&a, &b, &c)
				return
			},
		}
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			for _, digits := range []string{"0", "1250.50", "-0.000001", "100", "115792089237316195423570985008687907853269984665640564039457584007913129639935.000000000000000001"} {
				d := byzantine.MustParseDecimal(digits)
				require.NoError(t, way.insert(name+digits, d))
				amount, text, sum, err := way.read(name + digits)
				require.NoError(t, err)
				assert.True(t, amount.Equal(d), "%s came back as %s", d, amount)
				assert.Equal(t, digits, text.String())
				assert.True(t, sum.Equal(d.Add(byzantine.MustParseDecimal("0.01"))), "%s and a cent is %s", d, sum)
			}
			require.NoError(t, way.insert(name, byzantine.Decimal{}))
			amount, text, sum, err := way.read(name)
			require.NoError(t, err)
			assert.False(t, amount.IsSet() || text.IsSet() || sum.IsSet(), "NULL")

			_, err = pool.Exec(t.Context(), `INSERT INTO amounts VALUES ($1, 'NaN', 'secret')`, name+"NaN")
			require.NoError(t, err)
			_, _, _, err = way.read(name + "NaN")
			require.ErrorContains(t, err, "byzantine: decimal: ")
		})
	}
}
