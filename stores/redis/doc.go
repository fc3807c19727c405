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
// A record expires when its event was neither handled nor read for one retention, 30 days unless set. A webhook.Reconciler
// reads in each pass every event that its checkpoint can reach, and so renews the records. Hence no event is handled twice,
// however long nothing new happens and however long one event fails, as long as each pass of the Reconciler reaches its end
// within one retention of the pass before. After a downtime that is longer than the retention, the events behind the
// checkpoint that were handled before it are handled again. If you cannot accept that, use stores/postgres, which has no
// such limit.
//
// Without a Reconciler an event is remembered for one retention after its last delivery. The sender retries for about nine
// hours.
//
// # How to run the server
//
// The store's promises depend on what the server keeps:
//
//   - maxmemory-policy must be noeviction (the default), or a volatile policy with memory to spare: a record that is evicted
//     means that its event can be handled twice.
//   - Without persistence (appendonly yes), a restart forgets what was handled, and the checkpoint: then the Reconciler
//     begins at its Start.
//   - Replication is asynchronous: a failover can lose the most recent writes. Their events can be handled twice;
//     none is lost.
//
// If you cannot accept that, use stores/postgres.
//
// # FIPS 140-3
//
// Redis identifies scripts by their SHA-1, so a program that imports this package cannot run with GODEBUG=fips140=only: it
// panics at its start. With fips140=on it works. stores/postgres works with both.
package redis
