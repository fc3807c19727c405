// Package byzantinetest is a local sandbox: a stateful fake of the Byzantine API for tests and for development without a
// network. It verifies every request signature as the API does, keeps its world in memory, and runs on a clock that tests
// can move. Nothing in it is fit for production.
//
//	sandbox := byzantinetest.NewServer()
//	defer sandbox.Close()
//	client := sandbox.Client()
//
// [NewServer] listens on a loopback port like httptest; [New] makes an http.Handler for anything else. People find the
// mailbox with the one-time codes, and what else there is, at [StatusPath]; cmd/byzantine serves a sandbox on its own.
//
// Tests in other languages use the control API at [ControlPath]: it can do what the methods of [Sandbox] do. Its OpenAPI
// document, which the sandbox serves beside it, lists the routes.
//
// Requests are held against the API's own document, strictly; [WithLenientRequests] lets more pass. What a sandbox holds can
// be written down and read again, see [Sandbox.World] and [WithWorld]. Memory is bounded: the journal of [Sandbox.Requests]
// takes 16 MiB at most, and codes, sessions and payloads are forgotten an hour after they have expired.
//
// All that is random follows from [WithSeed]; no goroutine outlives [Sandbox.Close]; and with
// [WithWebhookTransport] no network is needed, so that a sandbox also runs in a bubble of testing/synctest.
//
// Package passkeytest has a software authenticator, which answers the options of a WebAuthn ceremony as a browser would.
// Package turnkeytest is a fake of Turnkey.
//
// Webhooks are delivered over HTTP, signed, and retried on the sandbox's clock. [Sandbox.Deliver] and [Sandbox.Advance]
// return when what is due has been answered, so tests need not wait. A receiver has to verify by the same clock:
// webhook.WithClock(sandbox.Now).
//
// Where the API's behaviour is not documented, the sandbox makes one choice each. The sections that follow list them.
//
// # Requests and credentials
//
//   - A signature whose timestamp is more than 60 seconds off gets a 401, and so does an X-Pubkey in another form.
//   - A body whose Content-Type is not application/json gets a 415. A field or a query parameter that the API's document does
//     not have, a field that is there twice, and a number where a decimal string is due get a 400. So does text that is not
//     in the document's enumerations, written in another letter case included.
//   - A field that is null is one that is absent.
//   - Errors in a request's form (malformed JSON, a value of the wrong type, an unknown field) come as plain text, all others
//     as JSON. Both name fields as they stand on the wire.
//   - Where the API documents no 404, an unknown account gets a 400 and one of another integrator a 401; elsewhere both
//     get a 404.
//   - A label of null in the update of a credential changes nothing.
//
// # One-time codes and passkeys
//
//   - A one-time code has 6 digits, lives for 10 minutes and is used up by success or by 5 wrong attempts.
//   - An OTP session lives for 15 minutes and serves until it ends.
//   - A passkey whose credential id is registered already gets a 400. A root user who is known may bring the passkey that they
//     have: it stays one.
//   - A credential id may be the raw one or a CBOR byte string that holds it; the raw one is kept.
//   - byzantineTermsSignedAt may be RFC 3339 or decimal Unix seconds in a string; it is returned as RFC 3339.
//
// # Customers and their verification
//
//   - A customer is active at once, whatever is missing; the answers list what is missing all the same.
//     [WithManualApproval] has them wait.
//   - The verification of a person needs a passport or both sides of a national id, and a proof of address; in the United
//     States the social security number too. That of an entity needs an incorporation certificate, a shareholder registry,
//     a proof of address and its type, number, registered address, activity, finances and risks.
//   - While an associated person has to send something, an entity that is not active yet is in
//     awaiting_associated_person_information. A person has an event of their own only when refused.
//   - An e-mail address that is known gets a 400 for a new customer and for an associated person who is not a user of the
//     account, and so does an entity's if another entity has it. A root user may be known, and joins the account.
//
// # Accounts, roles and invitations
//
//   - Whoever would be a root user is self_custodial in a self-custodial account, which has no invitations and no changes
//     of roles, because it has no wallet at the key provider. An owner (ubo) has the role beneficiary.
//   - The numbers of bank accounts are checked by their shape alone. The same one a second time, at one account, gets a 400
//     that names duplicate_external_account.
//   - An invited user has the role view from the first login on. An owner with the role beneficiary can be invited, too.
//   - The roles to give are root, admin and view. One root user's signature is enough, one root user has to stay, and the
//     user ids of a quorum are the API's.
//   - The payload of an invitation or of a change of roles counts once, and not at all if the account has changed meanwhile.
//
// # Payloads and signatures
//
//   - A payload can be signed for 15 minutes. A draft is asked for again after that, or when another payload has taken its
//     place; a stamp that is refused leaves it as it was. The submission of an unknown or lost draft gets a 400, and so
//     does a stamp that does not verify. A passkey of a user who is not a root user of the account gets a 401.
//   - Payloads of transactions need an active customer, on a chain that the account is activated on, and get a 400
//     otherwise (the upgrade of a vault a 401 for the latter). A self-custodial account gets none.
//
// # Transactions, balances and vaults
//
//   - Balances are not looked at before the signature: a transaction of more than there is ends as simulation_failed. What
//     it moves is taken when it is signed, and given back if it fails.
//   - A transaction stays in each status that it leaves by itself for 2 seconds, see [WithProcessingTime].
//   - A cancellation has the transaction id of the withdrawal, and takes effect at once. A queued withdrawal is paid after
//     an hour, see [Sandbox.SettleWithdrawal]; its shares do not count to the position any more.
//   - A bank transfer pays one waiting deposit that it covers, or becomes idle balance as a whole; it makes no transaction
//     of its own. Dollar and euro are exchanged at 1.10, and half a percent more is asked for.
//   - The two halves of a vault upgrade are a withdrawal on Base and a deposit on Ethereum that name each other. The account
//     has to be activated on Base; whether it is on Ethereum does not matter.
//   - A wallet's nonce counts the operations that were signed for it on a chain. A chain can be activated again.
//   - An account's transactions come with the newest first.
//   - The price of a share rises by the hour, in a straight line. A vault's yield can be asked for in one period, which
//     leaves the others out.
//
// # Events and webhooks
//
//   - The times of two events are at least a millisecond apart. A response to what caused several waits until the clock is
//     past them; a clock that stands still is not waited for.
//   - A cursor of list_events is refused with other filters than those it was made for; the limit may change.
//   - Host names of webhook URLs are not resolved. Loopback hosts are allowed, with http as well, and so is everything
//     else after [WithAnyWebhookURL]. A second subscription of the same URL gets a 400, and so does the deletion of an
//     unknown one.
//   - Transactions have webhooks like customers. The sourceType of an event is customer_api, onchain or webhook_test, its
//     sourceId the account's, the transaction's or the subscription's; the data of a webhook.test are {subscriptionId}.
//   - Signatures of webhooks have no 0x. A 2xx whose body breaks off, or takes more than 10 seconds for its first
//     64 KiB, is a failure. The summary of an answer is {statusCode, body, bodyBytes}.
//   - A disabled subscription gets no new deliveries. Those that it has wait until it is enabled again; a test of it gets
//     a 400.
//   - A retry by hand and a test count as attempts: the wait that follows is that of their number, and the seventh is the
//     last. Their actor is the public key of the credential.
//   - The delivery history comes with the newest first. Its limit is at least 1, an unknown status gets a 400.
package byzantinetest
