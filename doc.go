// Package byzantine is a client of the Byzantine integrator API: tokenised credit vaults, bank on- and off-ramps,
// passkey wallets. This program asks the API what its key may do:
//
//	package main
//
//	import (
//		"context"
//		"fmt"
//		"log"
//		"time"
//
//		"github.com/byzantine-finance/byzantine-go"
//	)
//
//	func main() {
//		client, err := byzantine.NewClientFromEnv() // BYZANTINE_PRIVATE_KEY, BYZANTINE_BASE_URL
//		if err != nil {
//			log.Fatal(err)
//		}
//		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
//		defer cancel()
//		me, err := client.Whoami(ctx)
//		if err != nil {
//			log.Fatal(err)
//		}
//		fmt.Println(me.AccessScope, me.Capabilities.CanWrite)
//	}
//
// # What to use when
//
// Make a [Client] with [NewClientFromEnv] or [NewClient] and share it between goroutines. It has one method for each
// operation of the API, and [Operations] lists them. [Client.Do] calls routes that have no method yet.
// [Client.AllTransactions] and its siblings read long lists, [Client.CopyTransactions] keeps a copy up to date, and
// [Client.WaitForTransaction] and [Client.WaitForVerification] wait for a result.
//
// Package passkey checks what a browser sends and converts it to what the API takes. Package webhook receives the API's
// events and handles each once. Package byzantinetest is a local sandbox of the API, for tests and for development
// without a network. Package turnkey submits the same passkeys to Turnkey, for integrators that have an organisation
// there.
//
// # Keys
//
// Every request is signed with the integrator's P-256 key. [ParsePrivateKey] reads a key that comes from a secret
// store, [GenerateKey] makes a new one, and [NewSigner] wraps one that stays in an HSM or a key service. A [PrivateKey]
// never shows its secret when it is printed, logged or dumped. [RotateCredential] changes the key of a client that is
// in use.
//
// The client calls Byzantine's sandbox unless [WithBaseURL] or BYZANTINE_BASE_URL says otherwise, because production
// moves real funds.
//
// # Failures
//
// A call that fails returns a *[FieldError] if the request is invalid and nothing was sent, a *[TransportError] if
// there was no response, and an *[Error] if the response is not a success or cannot be read. Methods that check a
// payload, wait or make several calls have further errors, such as *[PayloadMismatchError], which their comments name.
//
// After an attempt that may have taken effect, only a GET is sent again. Any other call then returns an error for which
// errors.Is(err, [ErrOutcomeUnknown]) is true: check before you retry. If errors.Is(err, [ErrTookEffect]) is true, the
// request succeeded and only its response cannot be read: do not retry. A request that was rejected because this
// machine's clock is off had no effect; it is signed with a corrected clock and sent again, once.
//
// One error, *[PartialError], comes with a result: the call succeeded, the method returns what could be read of the
// response, and the error names the elements of lists that could not be read. A single unreadable field, such as a time
// without a zone, is no error: the field is left zero, and the log of [WithLogger] names it.
//
// A method waits until the API responds, and creating an account takes 30 to 90 seconds. Give each call a context with
// a timeout that allows for this.
//
// # Values
//
// Amounts are [Decimal] values in human units (12.5 means 12.5 USDC). They keep the digits that the API sent and are
// never floats. Enumerations are string types, and values of responses that this package does not list pass through. An
// optional field of a request is left out when it is zero. Optional fields that can deliberately be zero or false are
// pointers, and so are the texts that an update may empty; new(false) and new("") make one. A nil request is an empty
// one. An update does not change fields that are not set. A limit of 0 is the API's default. In responses, nullable
// numbers, times and structs are pointers. A nullable text is a string, which is empty for null, and a nullable amount
// is a Decimal, which is unset for null.
//
// The check tags that go doc shows are for this package. Those of a request are checked before anything is sent. In a
// response, check:"must" makes a value that cannot be read an error, where another field would be left zero; the value
// may be missing or null all the same. With check:"present" that is an error, too.
//
// The ids in requests are UUIDs, except CredentialID (unpadded base64url) and VaultID, OTPID and SourceID, whose forms
// are not documented. Addresses on a chain are 0x and 40 hexadecimal digits. Times are sent in UTC as RFC 3339.
//
// # Observability
//
// [WithLogger] logs each attempt at level debug, and retries and a wrong clock at level warn. [WithTracer] tells a
// [Tracer] of every call and, if it is also an [AttemptTracer], of every attempt; module otelbyzantine has one for
// OpenTelemetry. The log holds no body, key, query or identifier. A Tracer gets none of these either, except in the
// call's error, whose text may quote the API. [WithDump] writes out each call for debugging, with the texts in its
// bodies masked.
//
// # Which API, and for how long
//
// This version is written for the API as of September 2026. Production may still run the version of June, which names
// some fields differently and responds to this version's names with a 400.
//
// Before version 1.0 a minor version may change exported names; the changelog says so. Any version may add fields to
// structs and constants, so use field names in struct literals. Programs must rely on the types, fields and sentinels
// of errors and not on their texts, which may change.
package byzantine
