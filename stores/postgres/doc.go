// Package postgres provides a webhook.Store in a PostgreSQL table, for receivers with several replicas. It is a module of
// its own, so that only those who use it depend on pgx. It is tested with PostgreSQL 15 and uses nothing newer than 9.5.
//
//	pool, err := pgxpool.New(ctx, "postgres://...")
//	store, err := postgres.New(pool) // or NewSQL, for a *sql.DB
//	err = store.CreateSchema(ctx)    // or put Schema into your migrations
//	...
//	handler := &webhook.Handler{Verifier: verifier, Handle: fn, Store: store}
//
// Each call is one statement on one row, so it is atomic at the default isolation level, read committed. Leases are
// measured by the database's clock. The search_path determines the table: receivers that are not replicas of each other
// need schemas, or databases, of their own.
//
// # Exactly once
//
// A function that writes to the same database can commit its work and the record of the event in one transaction, see
// [Store.DoneIn] and [Store.DoneInSQL]. Then no crash can separate the two, and the work is done exactly once, not
// only recorded once.
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
// # What is remembered, and for how long
//
// Only [Store.Purge] deletes rows. A webhook.Reconciler calls it after each pass that reached its end. By then
// the pass has renewed every row that the next pass can read, so no event is handled twice, however long nothing new
// happens, one event fails, or everything is down. Do not call Purge yourself if there is a Reconciler. Without one, call
// it daily, for example: an event is then remembered for one retention after its last delivery.
//
// # PgBouncer
//
// The store needs no session state, so PgBouncer may run in transaction mode if the driver uses no prepared statements that
// outlive a transaction. Tested with PgBouncer 1.18:
//
//	pgx, pgxpool and stdlib    default_query_exec_mode=cache_describe, exec or simple_protocol
//	lib/pq                     binary_parameters=yes
//
// pgx's default, cache_statement, needs PgBouncer 1.21 and its max_prepared_statements. With 1.18 that mode, describe_exec
// and lib/pq without the parameter fail with errors about prepared statements; events are then not handled, and come
// again.
//
// # An earlier version's table
//
// [Store.CreateSchema] and [Schema] bring the table of version 0.1 up to date: they build an index on token, while which
// replicas wait, and drop the one on touched_at. Replicas of both versions can share the table before, during and after.
// Where the table has many millions of rows, build the index without a lock first:
//
//	CREATE INDEX CONCURRENTLY IF NOT EXISTS byzantine_webhook_records_token
//		ON byzantine_webhook_records (token) WHERE value IS NULL;
package postgres
