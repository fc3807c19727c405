// Package passkey stands between a browser's WebAuthn and the API: it makes the options of a registration, checks what
// the browser sends back, and returns it in the shape that the API takes.
//
// A registration is one round trip with the page:
//
//  1. [RelyingParty.BeginRegistration] makes options for the page and a state for the server.
//  2. The page calls navigator.credentials.create and posts the result.
//  3. [RelyingParty.FinishRegistration] checks the result against the state and returns a [Credential], whose
//     Authenticator goes to the API: into the root users of a new account, or to CreateAuthenticatorsOTP.
//
// [ParseUnverified] is for backends that get a response without having made the options. It checks that the response
// is well formed, and nothing that would show who made it, where and when.
//
// # The page
//
// The options are PublicKeyCredentialCreationOptionsJSON and the response is RegistrationResponseJSON (W3C WebAuthn,
// section 5.1), so a current browser converts both by itself:
//
//	const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
//	const credential = await navigator.credentials.create({publicKey})
//	const body = JSON.stringify(credential.toJSON())
//
// Some password managers put a credential of their own in place of the browser's, and toJSON then throws. A page that
// is to work with them catches that and encodes rawId, response.clientDataJSON and response.attestationObject (all
// ArrayBuffers) and response.getTransports() itself. Padded and standard base64 are accepted besides base64url.
//
// # The user
//
// A response proves that somebody made a passkey, not who. That it belongs to the signed-in user follows only from the
// state, so keep the state where other users cannot reach it: see [RegistrationState].
//
// # What is not checked
//
// Whether an attestation certificate leads to a vendor you trust is not looked at: the options ask for no attestation.
// Whether the credential is already registered to somebody else is for your database to say, by [Credential.ID] (W3C
// WebAuthn, section 7.1). Flags that the standard reserves are passed over, and so is everything in a response that the
// attestation object and the client data say as well.
//
// # Errors
//
// Every refusal is an *[Error] that names the check, and errors.Is finds its kind: [ErrConfiguration] and [ErrState]
// point at the server, the others at what came from the page. No error repeats challenges, ids or key material, so all
// of them are safe to log.
package passkey
