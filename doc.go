// Package byzantine is a client of the Byzantine integrator API: tokenised credit vaults, bank on- and off-ramps, passkey
// wallets.
//
// # What to use when
//
// Make a [Client] with [NewClientFromEnv] or [NewClient] and share it. Its methods are the operations of the API, one each;
// [Operations] lists them. [Client.Do] reaches routes that have no method yet.
//
// Package passkey turns what a browser sends into what the API takes. Package webhook receives the API's events, each
// handled once. Package byzantinetest is the API as a local sandbox, for tests and for development without a network.
// Package turnkey submits the same passkeys to Turnkey, for those who hold an organisation there.
//
// # Keys
//
// Every request is signed by the integrator's P-256 key. [ParsePrivateKey] reads one from a secret store, [GenerateKey]
// makes one, and [NewSigner] takes one that stays in an HSM or a key service. A [PrivateKey] never shows its secret in a
// print, a log or a dump.
//
// The client talks to the sandbox unless told otherwise, because production moves real funds.
//
// # Failures
//
// A call ends in one of three errors: *[FieldError] before anything was sent, *[TransportError] without a response,
// *[Error] with one. Nothing but a GET is ever sent twice; whenever a request may have taken effect although the call
// failed, errors.Is(err, [ErrOutcomeUnknown]) is true. Requests rejected because this machine's clock is off are signed
// again, once.
//
// A fourth, *[PartialError], is none of a call: the call succeeded, and the method returns what could be read of its
// response. The error names the elements of lists that could not be. A single odd field, such as a time without a zone,
// is no error: it is left zero, and the log of [WithLogger] names it.
//
// A method takes as long as the API does, and creating an account takes 30 to 90 seconds. Give each call a context that
// fits.
//
// # Values
//
// Amounts are [Decimal] values in human units with the digits as they came, never floats. Enumerations are string types;
// values that are not listed pass through. Optional members of requests are left out when they are zero; those for which
// zero or false is an answer are pointers, and new(false) makes one. Nullable members of answers are pointers.
//
// # Which API, and for how long
//
// This version speaks the API as of September 2026. Production may still run June's, whose other names show as a 400.
//
// Before version 1.0 a minor version may change exported names; the changelog says so. New fields in structs and new
// constants come in any version, so use field names in struct literals. Error texts are for people and may change; types,
// fields and sentinels are for programs.
package byzantine
