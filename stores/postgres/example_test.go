package postgres_test

import (
	"context"
	"log"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/stores/postgres"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// The work of an event and the record that the event is done are written in one transaction, so the work is done
// exactly once.
func ExampleStore_DoneIn() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://user@localhost/app")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store, err := postgres.New(pool)
	if err != nil {
		log.Fatal(err)
	}
	if err := store.CreateSchema(ctx); err != nil {
		log.Fatal(err)
	}
	var functions webhook.Dispatcher
	functions.OnCustomer(byzantine.EventCustomerActive, func(ctx context.Context, _ *webhook.Event, data *byzantine.CustomerEventData) error {
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if err := store.DoneIn(ctx, tx); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "UPDATE customers SET active = true WHERE account_id = $1", data.Customer.AccountID)
			return err
		})
	})
	// Set functions.Handle as the Handle of a Handler and of a Reconciler that have this store.
}
