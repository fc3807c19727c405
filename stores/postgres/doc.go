// Package postgres provides a webhook.Store in a PostgreSQL table, for receivers with several replicas. It is a module of
// its own, so that only those who use it depend on pgx. It is tested with PostgreSQL 15 and uses nothing newer than 9.5.
//
//	pool, err := pgxpool.New(ctx, "postgres://...")
//	store, err := postgres.New(pool) // or NewSQL, for a *sql.DB
//	err = store.CreateSchema(ctx)    // or put Schema into your migrations
//	...
//	handler := &webhook.Handler{Verifier: verifier, Handle: fn, Store: store}
//
// Begin, Done, Forget and Save each change one row in one statement, so they are atomic at the default isolation level,
// read committed. Leases are measured by the database's clock. The search_path of the connections determines in which
// schema the table is. Receivers that are not replicas of each other must have different schemas or databases.
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
// Only [Store.Purge] deletes rows. A webhook.Reconciler calls it at the end of a pass that has renewed every row that
// the next pass can read. So no event is handled twice, however long nothing new happens, one event fails, or
// everything is down. Do not call Purge yourself if there is a Reconciler. Without a Reconciler, call Purge regularly,
// for example daily: an event is then remembered for at least nine tenths of the retention after its last delivery.
//
// # PgBouncer
//
// The store needs no session state, so PgBouncer may run in transaction mode if the driver uses no prepared statements that
// outlive a transaction. Tested with PgBouncer 1.18:
//
//	pgx, pgxpool and stdlib    default_query_exec_mode=cache_describe, exec or simple_protocol
//	lib/pq                     binary_parameters=yes
//
// pgx's default, cache_statement, needs PgBouncer 1.21 and its max_prepared_statements. With PgBouncer 1.18 the modes
// cache_statement and describe_exec, and lib/pq without binary_parameters, fail with errors about prepared statements.
// The webhook.Handler then responds with 503 and handles nothing, and the sender retries.
//
// # An earlier version's table
//
// [Store.CreateSchema] and [Schema] bring the table of version 0.1 up to date: they build an index on token and drop
// the index on touched_at. While the index is built, writes to the table wait. Replicas of version 0.1 and of this
// version can share the table before, during and after the update. If the table has many millions of rows, build the
// index without a lock before the update:
//
//	CREATE INDEX CONCURRENTLY IF NOT EXISTS byzantine_webhook_records_token
//		ON byzantine_webhook_records (token) WHERE value IS NULL;
package postgres
