// Package postgres is a webhook.Store in a PostgreSQL table, for receivers with several replicas. It is a module of its
// own, so that only those who use it depend on pgx. It is tested with PostgreSQL 15 and uses nothing newer than 9.5.
//
//	pool, err := pgxpool.New(ctx, "postgres://...")
//	store, err := postgres.New(pool)
//	err = postgres.CreateSchema(ctx, pool) // or put Schema into your migrations
//	...
//	handler := verifier.Handler(fn, webhook.WithStore(store))
//
// Each call is one statement on one row, so it is atomic at the default isolation level, read committed. Leases are
// measured by the database's clock. The table is found by the search_path: receivers that are not replicas of each other
// need schemas, or databases, of their own.
//
// # Exactly once
//
// A function that writes to the same database can have its work and the record of it committed together, see
// [Store.DoneIn]. Then a crash between the two is impossible, and the work is done exactly once: not only recorded once.
//
//	func(ctx context.Context, d *webhook.Delivery) error {
//		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
//			if err := store.DoneIn(ctx, tx); err != nil {
//				return err
//			}
//			_, err := tx.Exec(ctx, "UPDATE ...")
//			return err
//		})
//	}
//
// # Old records
//
// Rows are dropped by [Store.Purge], which a webhook.Reconciler calls after each complete pass. Because it does so only
// then, even a downtime longer than the retention brings no event twice. Who runs no Reconciler has to call it, daily say.
package postgres
