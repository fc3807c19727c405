// Package redis provides a webhook.Store on Redis, for receivers with several replicas. It is a module of its own, so that
// only those who use it depend on go-redis.
//
//	client := goredis.NewClient(&goredis.Options{Addr: "redis:6379", ContextTimeoutEnabled: true})
//	store, err := redis.New(client)
//	...
//	handler := &webhook.Handler{Verifier: verifier, Handle: fn, Store: store}
//
// Without ContextTimeoutEnabled the client uses timeouts of its own, and a slow server keeps goroutines of the handler
// for longer. Deliveries still get their responses in time.
//
// Each record is one hash under one key, so a Redis Cluster works too. Each call is one script, so it is atomic. Leases
// are measured by the server's clock. An event takes about 200 bytes until the retention is over; a checkpoint is kept for
// ever. The store uses commands of Redis 5 and is tested with Redis 7.0.
//
// # What is remembered, and for how long
//
// A record expires one retention after it was last renewed, 30 days unless set. It is renewed when its event is
// recorded as handled, and when the event comes again (in a delivery, or in a pass of a webhook.Reconciler) and the
// last renewal is at least a tenth of the retention ago. Each pass of a Reconciler reads every event that its
// checkpoint can reach. Hence no event is handled twice, however long nothing new happens and however long one event
// fails, as long as less than nine tenths of the retention lie between the beginning of a pass and the end of the next
// one. After a longer downtime, events that were handled before it, and that the checkpoint can reach, are handled
// again. If you cannot accept that, use stores/postgres, which has no such limit.
//
// Without a Reconciler an event is remembered for at least nine tenths of the retention after its last delivery. The
// sender retries for about nine hours.
//
// # How to run the server
//
// The store's promises depend on what the server keeps:
//
//   - maxmemory-policy must be noeviction (the default), or a volatile policy with memory to spare: a record that is evicted
//     means that its event can be handled twice.
//   - appendonly must be yes. Without persistence a restart of the server forgets what was handled, and the checkpoint:
//     then the Reconciler begins at its Start.
//   - Replication is asynchronous: a failover can lose the most recent writes. Their events can be handled twice;
//     none is lost.
//
// If you cannot accept that, use stores/postgres.
//
// # FIPS 140-3
//
// Redis identifies scripts by their SHA-1, so a program that imports this package and runs with GODEBUG=fips140=only
// panics when it starts. With fips140=on it works. stores/postgres works with both.
package redis
