// Package webhook takes an integrator from a signed delivery to "each event handled once", across restarts, replicas and
// downtime.
//
//   - [Verifier] tells genuine deliveries from forged and old ones.
//   - [Verifier.Handler] is the endpoint: it verifies, calls your function once for each event, and answers so that the
//     sender comes again when it must.
//   - [Dispatcher] calls functions by the type of the event, with its data decoded.
//   - [Store] remembers what was handled: [MemoryStore] here, Redis and PostgreSQL in the modules stores/redis and
//     stores/postgres.
//   - [Reconciler] hands over what the webhooks never delivered, from the API's event history.
//   - [Subscribe] and [SubscriptionKeys] get the keys.
//
// # What is promised
//
// Deliveries come at least once: twice when an answer is lost, in any order, up to about nine hours late, and not at all
// when a receiver is down for longer. Take a handler and a [Reconciler] with the same function and the same [Store]. Then:
//
// Each event that the API lists is handled at least once. "Handled" means that the function returned nil and the Store
// recorded that. This holds across crashes at any point, restarts, outages of the Store, downtime of any length, and
// webhooks that never come. It assumes that a Reconciler runs again at some time; that the function succeeds at some time,
// but for fewer than [MaxFailures] events; that the checkpoint is not lost, or the Reconciler's Start lies far enough in
// the past; and that an event shows up in the API's list less than the Reconciler's Overlap after the time it is dated
// with. Deliveries that are no part of the history (webhook.test) depend on the sender's retries.
//
// No event is handled a second time while the Store keeps its record, whether it comes by webhook, to whichever replica,
// or from the history. [MemoryStore] keeps records until the process ends or its capacity is used up, the others for their
// retention. A Reconciler looks back as far as its checkpoint less the overlap, so the retention must be longer than the
// downtime that is to be survived.
//
// The function is not started for an event while it is at work on it elsewhere, unless it outlives its lease, which is 12
// seconds longer than its timeout. The lease is what turns a crash into a retry rather than a loss. The straggler cannot
// record anything any more once another has begun; [ClaimFrom] gives the function a fencing token for systems of its own.
//
// What no receiver can promise: that a function that began also ends. If the process dies, the function returns an error,
// or the Store is gone when it returns, it is called again for the same event, although part or all of its work is
// done. So its effects should be idempotent, for example keyed by the event id; or written in one transaction together
// with the record, which stores/postgres offers: then they happen exactly once.
//
// Events are not ordered between webhooks and history. A [Reconciler] alone goes from the oldest to the newest. Functions
// that need the order should compare OccurredAt with what they know.
package webhook
