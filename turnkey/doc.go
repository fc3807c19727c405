// Package turnkey submits passkeys to Turnkey's create_authenticators, for integrators who have a Turnkey organisation or
// sub-organisation of their own. Byzantine's authenticator objects have the same shape as Turnkey's, so a passkey that
// package passkey has made can be sent to both.
//
// # Activities
//
// Turnkey responds with an activity, which may not be complete yet. [Client.CreateAuthenticators] waits until it is, and
// returns the ids of the new authenticators. If somebody has to approve the activity first, the error is a
// *[ConsensusError]. The activity id in it is for a later call of [Client.GetActivity]; the fingerprint is for whoever
// approves.
//
// # Retries
//
// Turnkey identifies a request by its bytes: the same body sent again is the same activity. So this package retries a
// submission automatically where the root package would retry a GET only. A second call is different: it has a new
// timestamp, and so it makes another activity. After byzantine.ErrOutcomeUnknown submit the first request again, with
// [Client.SubmitCreateAuthenticators].
//
// # Errors
//
// A response that is not a success is an *[Error], which wraps the *byzantine.Error, so errors.Is finds the sentinels of
// the root package. Two other errors come from the root package: *byzantine.FieldError if the request is invalid and
// nothing was sent, and *byzantine.TransportError if there was no response.
//
// This version supports Turnkey's API of August 2026.
package turnkey
