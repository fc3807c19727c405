// Package simulation runs whole worlds to break the promises of this SDK: the API (package byzantinetest behind a proxy), a
// bank's backend of two replicas with their clients, webhook handlers and reconcilers, a store, a copy of all transactions,
// users with passkeys, an operator who deploys and rotates the API key, and the network between them all. A world has a
// seed and runs in virtual time, in one process; a day takes milliseconds.
//
// The seed decides everything: what the users do, and what goes wrong. Connections are refused, reset, cut in the middle, or
// go silent; responses are slow, lost, replaced by those of a proxy, or changed; lists have no end; signatures take seconds;
// one route of the API fails again and again; clocks are wrong, or set while calls are under way; programs crash, also in
// the middle of a step or of a rotation; the store loses responses, fails, and is away; webhooks are lost and repeated;
// transactions are refunded; and then the faults stop, and nothing happens for hours, days or months. At the end, and on the
// way, the invariants must hold: see [Invariants]. docs/promises.md says which promises they stand for.
//
// The same seed gives the same trace, so a world that violates an invariant can be looked at again:
//
//	go run ./simulation/simulate                      # 200 worlds with fresh seeds
//	go run ./simulation/simulate -seed 42             # one world, with its timeline
//	go run ./simulation/simulate -seed 42 -shrink     # the least of it that violates the same invariant
//	go run ./simulation/simulate -for 8h              # fresh seeds all night
//	go run ./simulation/simulate -mutants             # whether the faults in Mutants are found
//	go run ./simulation/simulate -mutants -measure    # and in how many worlds
//
// A world on HTTP/2 has no reproducible trace, because HTTP/2 writes from several goroutines; its invariants hold all the
// same.
//
// How it works. testing/synctest makes time virtual: it moves on when every goroutine waits. So nothing may hold a lock
// while it waits for time to pass; writes to the network never block, see conn; and no two things happen at one instant,
// because their order would differ from run to run, see instants. What one part draws from the seed does not depend on the
// others, see source. Signatures have random nonces, so that each tells to which call a request belongs, see calls. A
// process that crashes cannot be killed in Go, so it is cut off from everything, see process.
package simulation
