// This program is a user of the PostgreSQL store alone. It needs no server.
package main

import (
	"context"
	"log"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/byzantine-finance/byzantine-go/stores/postgres"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

func main() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://user@127.0.0.1:9/app?sslmode=disable")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store, err := postgres.New(pool)
	if err != nil {
		log.Fatal(err)
	}
	var _ webhook.Store = store
	if err := store.CreateSchema(ctx); err == nil {
		log.Fatal("a schema without a server")
	}
}
