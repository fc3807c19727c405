// Package webhook takes an integrator from a signed delivery to "each event handled once", across restarts, replicas and
// downtime.
//
//   - [Verifier] tells genuine deliveries from forged and old ones.
//   - [Handler] is the endpoint: it verifies, calls your function once for each event, and responds so that the sender
//     retries when it must.
//   - [Dispatcher] calls functions by the type of the event, with its data decoded.
//   - [Store] remembers what was handled: [MemoryStore] here, Redis and PostgreSQL in the modules stores/redis and
//     stores/postgres.
//   - [Reconciler] hands over what the webhooks never delivered, from the API's event history.
//   - [Subscribe] and [SubscriptionKeys] get the keys.
//
// # What is promised
//
// Deliveries come at least once: twice when a response is lost, in any order, up to about nine hours late, and not at all
// when a receiver is down for longer. Take a [Handler] and a [Reconciler] with the same function and the same [Store].
//
// Each event that the API lists is handled at least once. "Handled" means that the function returned nil and the Store
// recorded that. This holds across crashes at any point, restarts, outages of the Store, downtime of any length, webhooks
// that never come, and whatever the clocks of your machines say. It assumes that a Reconciler runs again at some time;
// that the function succeeds at some time, but for fewer than [MaxFailures] events; that the checkpoint is not lost, or
// the Reconciler's Start lies far enough in the past; that an event shows up in the API's list less than the Reconciler's
// Overlap after the time it is dated with; and that its id and type can be read: an event without them is logged and
// handed to nobody. Deliveries that are no part of the history (webhook.test) depend on the sender's retries.
//
// No event is handled a second time while the Store keeps its record, whether it comes by webhook, to whichever replica,
// or from the history. How long a record is kept depends on the Store:
//
//	                 with a Reconciler                          without one
//	MemoryStore      until the process ends, for as many        the same
//	                 events as its capacity
//	stores/redis     as long as the checkpoint can reach it,    one retention after the last
//	                 if a pass reaches its end at least once    delivery of the event
//	                 per retention
//	stores/postgres  as long as the checkpoint can reach it,    until your own call of Purge, one
//	                 after a downtime of any length             retention after the last delivery
//
// What the checkpoint can reach are the events from Overlap before it on. It stands in front of the oldest event that is not
// handled, so a function that fails for ever for one event keeps the records of all later ones: a Reconciler's passes read
// and renew them. A downtime longer than the retention, of the Reconciler or of the API, has events handled again with
// stores/redis, and with no other Store. The retention is 30 days unless set.
//
// The function is not started for an event while it is at work on it elsewhere, unless it outlives its lease, which is 12
// seconds longer than its timeout. The lease is what turns a crash into a retry rather than a loss. The straggler cannot
// record anything any more once another has begun; [ClaimFrom] gives the function a fencing token for systems of its own.
//
// What no receiver can promise: that a function that began also ends. If the process dies, the function returns an error,
// or the Store is unreachable when it returns, it is called again for the same event, although part or all of its work is
// done. So its effects should be idempotent, for example keyed by the event id; or written in one transaction together
// with the record, which stores/postgres offers: then they happen exactly once.
//
// Events are not ordered between webhooks and history. A [Reconciler] alone goes from the oldest to the newest. Functions
// that need the order should compare OccurredAt with what they know.
package webhook
