// Package byzantinetest is a local sandbox: a stateful fake of the Byzantine API for tests and for development without a
// network. It verifies every request signature as the API does, keeps its state in memory, and runs on a clock that tests
// can move. Do not use it in production.
//
//	sandbox := byzantinetest.NewServer()
//	defer sandbox.Close()
//	client := sandbox.Client()
//
// [NewServer] listens on a loopback port, as httptest does; [New] makes an http.Handler for everything else. The pages at
// [StatusPath] show the mailbox with the one-time codes, the requests and the rest of the state, and can change it.
// cmd/byzantine serves a sandbox as a program.
//
// Tests in other languages use the control API at [ControlPath], which can do what the methods of [Sandbox] do. Its OpenAPI
// document, which the sandbox serves beside it, lists the routes.
//
// Requests are checked strictly against the API's own document; [WithLenientRequests] accepts more. The state of a sandbox
// can be saved and loaded, see [Sandbox.World] and [WithWorld]. The journal of [Sandbox.Requests] takes 16 MiB at most, and
// codes, sessions and payloads are forgotten an hour after they have expired, but for the last payload of a transaction of
// each account. Events, transactions and customers are kept until [Sandbox.Reset] or [Sandbox.SetWorld].
//
// All random values follow from [WithSeed]. No goroutine outlives [Sandbox.Close]. With
// [WithWebhookTransport] no network is needed, so a sandbox also runs in a bubble of testing/synctest.
//
// Package passkeytest has a software authenticator, which responds to the options of a WebAuthn ceremony as a browser
// would. Package turnkeytest is a fake of Turnkey.
//
// Webhooks are delivered over HTTP, signed, and retried on the sandbox's clock. [Sandbox.Deliver] and [Sandbox.Advance]
// return when every delivery that is due has its response, so tests need not wait. A receiver must verify with the same
// clock: webhook.WithClock(sandbox.Now).
//
// Where the API's behaviour is not documented, the sandbox makes a choice. The following sections list the choices, and
// docs/behaviour.md has them for other languages.
//
// # Requests and credentials
//
//   - A request that lacks one of the three headers gets a 400. A signature whose timestamp differs from the sandbox's clock
//     by more than 60 seconds gets a 401, and so does an X-Pubkey that is not 0x and the 66 lower-case hexadecimal digits of a compressed P-256 point.
//   - A body whose Content-Type is not application/json gets a 415. A field or a query parameter that the API's document
//     does not have, a field that is there twice, and a number where a decimal string is due get a 400. So does text that
//     is not in the document's enumerations, written in another letter case included.
//   - A field that is null counts as absent, and so does an optional text that is empty, unless the document wants a form that
//     an empty text does not have: a date, or an id.
//   - Errors in a request's form (malformed JSON, a value of the wrong type, an unknown field) come as plain text, all
//     others as JSON. Both use the names that the fields have on the wire.
//   - Where the API documents no 404, an unknown account gets a 400 and one of another integrator a 401; elsewhere both
//     get a 404.
//   - A label of null in the update of a credential changes nothing.
//
// # One-time codes and passkeys
//
//   - A one-time code has 6 digits. It expires after 10 minutes, after one success, or after 5 wrong attempts. A later code
//     leaves it valid.
//   - An OTP session expires after 15 minutes and can be used any number of times until then.
//   - A passkey whose credential id is registered already gets a 400. An existing root user may send the passkey that they
//     have among the rootUsers of a new customer; it is not registered twice.
//   - A credential id may be the raw id or a CBOR byte string with the raw id; the sandbox stores the raw id.
//   - byzantineTermsSignedAt may be RFC 3339 or decimal Unix seconds in a string; it is returned as RFC 3339.
//
// # Customers and their verification
//
//   - A customer is active at once, even if data is missing; the responses still list what is missing.
//     With [WithManualApproval] a customer is init while something is missing, and under_review from then on until the
//     approval; what is sent after resubmission_requested leads to under_review again.
//   - The verification of a person needs a passport or both sides of a national id, and a proof of address; in the United
//     States the social security number too. That of an entity needs an incorporation certificate, a shareholder registry,
//     a proof of address and its type, number, registered address, activity, finances and risks.
//   - Of mostRecentOccupation only the length of six characters is checked, and of businessIndustry that it is an integer,
//     because the API's lists of codes are not known.
//   - An entity that has sent its own data and is not active yet has the status awaiting_associated_person_information
//     while data of an associated person is missing. An associated person has an event of their own only when their
//     status becomes rejected or resubmission_requested.
//   - An owner (ubo) is among the teamMembers of the entity, a representative among its associatedPersons only.
//   - An e-mail address that exists already gets a 400 for a new customer and for an associated person who is not a
//     user of the account, and so does an entity's address if another entity has it. A root user whose e-mail address
//     belongs to an existing user is that user, who gets a role in the new account.
//
// # Accounts, roles and invitations
//
//   - In a self-custodial account a user has the role self_custodial instead of root. Such an account has no invitations
//     and no changes of roles, because it has no wallet at the key provider. An owner (ubo) who has no other role in the
//     account has the role beneficiary.
//   - Only the format of bank account numbers is checked. The same number a second time, in one account, gets a 400
//     that names duplicate_external_account.
//   - An invited user has the role view from the first login on. An owner with the role beneficiary can be invited as well.
//   - The roles that can be given are root, admin and view. One root user's signature is enough, and one root user must
//     remain. The payload of a change of roles names users by the API's user ids.
//   - The payload of an invitation or of a change of roles can be used once, and not at all if an invited person was
//     invited or has joined meanwhile, or if the account's root users have changed.
//
// # Payloads and signatures
//
//   - A payload can be signed for 15 minutes. After that, or when another payload has replaced it, the client has to ask
//     for a new draft. A rejected stamp leaves the draft as it was. The submission of an unknown or replaced draft gets a
//     400, and so does a stamp that does not verify. A passkey of a user who is not a root user of the account gets a 401.
//   - User verification is not required of a stamp, as the API's documents do not ask for it.
//   - A payload of a transaction gets a 400 if the customer is not active, if the account is self-custodial, or if the
//     account is not activated on the chain (an activation needs no activated chain; the upgrade of a vault gets a 401).
//
// # Transactions, balances and vaults
//
//   - Balances are not checked before the signature: a transaction of more than the balance is no error of the
//     request, it ends as simulation_failed at once. The amount is deducted when the transaction is signed, and returned if it fails.
//   - Decimals of an amount beyond the sixth are dropped without an error. An amount of which nothing is left gets a 400.
//   - A transaction stays for 2 seconds in each status that it leaves automatically, see [WithProcessingTime].
//   - A cancellation has the transaction id of the withdrawal, and takes effect at once. A queued withdrawal is paid after
//     an hour, see [Sandbox.SettleWithdrawal]; its shares no longer count towards the position.
//   - A bank transfer pays the oldest waiting deposit that it covers, and what is over becomes idle balance; without one it
//     becomes idle balance as a whole. It makes no transaction of its own. The amount of a deposit is in the vault's currency. One euro is exchanged for 1.10 dollars, and the
//     expectedDepositAmount of a deposit that needs the exchange is half a percent more than what covers it.
//   - A withdrawal to a bank without bankAccountId goes to the account's first bank account in that currency.
//   - The two halves of a vault upgrade are a withdrawal on Base and a deposit on Ethereum that name each other. The account
//     must be activated on Base; it need not be activated on Ethereum.
//   - A wallet's nonce on a chain counts the operations that were signed and submitted for it there, cancellations and failed
//     transactions included; a vault upgrade counts on both chains. A chain can be activated again.
//   - An account's transactions are listed newest first.
//   - The price of a share rises each hour, linearly. The response to a request for a vault's yield has all
//     periods, or only the one that the request names.
//
// # Events and webhooks
//
//   - The times of two events are at least a millisecond apart. The response to a request that caused several events waits
//     until the clock is past them, unless the clock stands still.
//   - A cursor of list_events is rejected with other filters than those it was made for; the limit may change.
//   - Host names of webhook URLs are not resolved. Loopback hosts are allowed, with http as well, and so is everything
//     else after [WithAnyWebhookURL]. A second subscription of the same URL gets a 400, and so does the deletion of an
//     unknown one.
//   - No request causes customer.deleted or transaction.payment_in_review; [Sandbox.Trigger] makes such an event.
//   - A webhook.test goes to its subscription whatever the eventTypes of that, and is not in list_events.
//   - Transactions cause webhook deliveries as customers do. The sourceType of an event is customer_api, onchain or
//     webhook_test, and its sourceId is the id of the account, the transaction or the subscription, respectively; the data
//     of a webhook.test are {subscriptionId}. The filter sourceType takes any text, because the document's list is open.
//   - Signatures of webhooks have no 0x. An attempt ends after 10 seconds, and a 2xx whose body is cut short, or whose
//     first 64 KiB have not arrived by then, is a failure. The summary of a response is {statusCode, body, bodyBytes}.
//   - A disabled subscription gets no new deliveries. Its pending deliveries wait until it is enabled again; a test of it
//     gets a 400.
//   - A manual retry and a test count as attempts: the next wait follows from the number of attempts, and the seventh is the
//     last. Their actor is the public key of the credential.
//   - The delivery history is listed newest first. Its limit is at least 1, and an unknown status gets a 400.
package byzantinetest
