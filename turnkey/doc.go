// Package turnkey submits passkeys to Turnkey's create_authenticators, for integrators who hold a Turnkey organisation or
// sub-organisation of their own. What Byzantine calls an authenticator has its shape from there, so the same passkey, as
// package passkey makes it, goes to both.
//
// # Activities
//
// Turnkey answers with an activity, which may not be over yet. [Client.CreateAuthenticators] waits for its end and
// returns the ids of the new authenticators. If somebody has to approve it first, the error is a *[ConsensusError]; the
// id in it is for [Client.GetActivity] later, the fingerprint for whoever approves.
//
// # Sending it again
//
// Turnkey knows a request by its bytes: the same body again is the same activity, so this package sends it again by
// itself where the root package would only repeat a GET. A call that is made again is another matter: it has another
// timestamp, and so it is another activity. After byzantine.ErrOutcomeUnknown take the first request once more:
// [Client.SubmitCreateAuthenticators].
//
// # Errors
//
// Besides the errors of this package there are two of the root package: *byzantine.FieldError before anything was sent,
// *byzantine.TransportError without an answer. An answer that is not a success is an *[Error], which wraps the
// *byzantine.Error, so the root package's sentinels hold for it.
//
// This version speaks Turnkey's API of August 2026.
package turnkey
