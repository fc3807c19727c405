// Package redis is a webhook.Store on Redis, for receivers with several replicas. It is a module of its own, so that only
// those who use it depend on go-redis.
//
//	client := goredis.NewClient(&goredis.Options{Addr: "redis:6379", ContextTimeoutEnabled: true})
//	store, err := redis.New(client)
//	...
//	handler := &webhook.Handler{Verifier: verifier, Handle: fn, Store: store}
//
// Without ContextTimeoutEnabled the client goes by timeouts of its own, and a slow server keeps goroutines of the handler
// for longer; deliveries get their responses in time all the same.
//
// Each record is one hash under one key, so a Redis Cluster will do, and each call is one script, so it is atomic. Leases
// are measured by the server's clock. An event takes about 200 bytes until the retention is over; a checkpoint stays. The
// commands are those of Redis 5; it is tested with 7.0.
//
// # What is remembered, and for how long
//
// A record expires when it was neither handled nor read for one retention, 30 days unless set. A webhook.Reconciler reads
// in each pass what its checkpoint can still reach, and so renews it. Hence no event is handled twice, however long
// nothing new happens and however long one event fails, as long as each pass of the Reconciler reaches its end within one
// retention of the pass before. After a downtime that is longer than the retention, the events behind the checkpoint that
// were handled before it are handled again. Where that is not good enough, use stores/postgres, which has no such limit.
//
// Without a Reconciler an event is remembered for one retention after its last delivery. The sender retries for about nine
// hours.
//
// # How to run the server
//
// The store promises as much as the server keeps:
//
//   - maxmemory-policy must be noeviction (the default) or a volatile one with room to spare: a record that is evicted
//     is an event that can be handled twice.
//   - Without persistence (appendonly yes), a restart forgets what was handled, and the checkpoint: then the Reconciler
//     begins at its Start.
//   - Replication is asynchronous: a failover can forget the last moments. Events of those moments can be handled twice;
//     none is lost.
//
// Where that is not good enough, stores/postgres is.
//
// # FIPS 140-3
//
// Redis names scripts by their SHA-1, so a program that imports this package cannot run with GODEBUG=fips140=only: it
// panics at its start. With fips140=on it works. stores/postgres works with both.
package redis
