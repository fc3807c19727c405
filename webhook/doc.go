// Package webhook receives the events of the Byzantine API. It verifies signed deliveries and calls a function of yours
// for each event, across restarts, replicas and downtime.
//
//   - [Verifier] tells genuine deliveries from forged and old ones.
//   - [Handler] is the HTTP endpoint. It verifies a delivery, calls your function once for each event, and responds
//     with a status that makes the sender retry where a retry is needed.
//   - [Dispatcher] calls a function for each type of event, with the event's data decoded.
//   - [Store] records which events were handled. [MemoryStore] is in this package; the modules stores/redis and
//     stores/postgres have stores for several replicas.
//   - [Reconciler] reads the API's event history and hands over the events that no webhook delivered.
//   - [Subscribe] and [SubscriptionKeys] get the keys that deliveries are verified with.
//
// # What is promised
//
// Byzantine delivers webhooks at least once. A delivery comes twice when a response is lost; deliveries come in any
// order and up to about nine hours late; and they do not come at all when the receiver is down for longer. Use a
// [Handler] and a [Reconciler] with the same function and the same [Store].
//
// Nothing is lost: each event that the API lists is handled at least once. "Handled" means that the function returned
// nil and that the Store recorded it. This holds across crashes at any point, restarts, outages of the Store, downtime
// of any length, webhooks that never come, and wrong clocks of your machines. It assumes that
//
//   - a Reconciler runs again at some time;
//   - the function succeeds for each event at some time, except for fewer than [MaxFailures] events;
//   - the checkpoint is not lost, or the Reconciler's Start is far enough in the past;
//   - an event appears in the API's list within the Reconciler's Overlap after the time that the event is dated with;
//   - the id and the type of the event can be read. An event without them is logged and not passed to the function.
//
// Deliveries that are not in the history (webhook.test) depend on the sender's retries.
//
// Handled once: no event is handled a second time while the Store keeps its record, whether the event comes by webhook,
// to whichever replica, or from the history. How long a record is kept depends on the Store:
//
//	                 with a Reconciler                          without one
//	MemoryStore      until the process ends, for as many        the same
//	                 events as its capacity
//	stores/redis     as long as the checkpoint can reach it,    at least nine tenths of the
//	                 if a pass begins and ends at least once    retention after the last delivery
//	                 in nine tenths of the retention            of the event
//	stores/postgres  as long as the checkpoint can reach it,    until you call Purge, and at least
//	                 after a downtime of any length             nine tenths of the retention after
//	                                                            the last delivery
//
// A store may leave out the renewal of a record that was renewed less than a tenth of the retention ago, hence the nine
// tenths. The retention is 30 days unless set.
//
// The checkpoint can reach every event that was created after the time of the checkpoint minus Overlap. The checkpoint
// moves at most as far as the oldest event that is not handled, and never back. So if the function always fails for one
// event, the records of all later events are kept: each pass of a Reconciler reads those events and renews their
// records. If the Reconciler or the API is down for longer than nine tenths of the retention, stores/redis has events
// handled again; no other Store does.
//
// The function does not run twice at the same time for one event, unless it runs for longer than its lease, which is 12
// seconds longer than its timeout. After a crash the lease ends, and the event is retried instead of lost. A function
// that has outlived its lease can no longer record anything once another run has begun. [ClaimFrom] gives the function
// a fencing token, with which other systems can reject such a run.
//
// No receiver can promise that a function that began also ends. If the process dies, the function returns an error, or
// the Store is unreachable when the function returns, the function is called again for the same event, although some or
// all of its work is done. So make its effects idempotent, for example with the event id as the key. Or write them in
// one transaction together with the record, which stores/postgres offers: then they happen exactly once.
//
// There is no order between webhooks and the history. Only a [Reconciler] without a Handler hands events over from the
// oldest to the newest. A function that needs the order should compare OccurredAt with the newest time it has seen.
package webhook
