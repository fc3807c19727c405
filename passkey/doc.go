// Package passkey stands between a browser's WebAuthn and the API: it makes the options of a ceremony, checks what the
// browser sends back, and returns it in the shape that the API takes.
//
// # Registration
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
// # Signing
//
// Every transaction, invitation and change of roles is signed by a passkey of a user. That is another round trip:
//
//  1. One of the client's Get...PayloadPasskey methods returns a payload.
//  2. [RelyingParty.BeginSigning] makes options for the page and a state for the server.
//  3. The page calls navigator.credentials.get and posts the result.
//  4. [RelyingParty.FinishSigning] checks the result against the state and returns the payload with its stamp, which
//     SignPayloadPasskey, InviteUsers or UpdateUsersRole submits.
//
// For transactions [Transactor] joins these steps, and binds them to a user.
//
// # The page
//
// Options and responses are what W3C WebAuthn, section 5.1, calls PublicKeyCredentialCreationOptionsJSON and
// RegistrationResponseJSON, PublicKeyCredentialRequestOptionsJSON and AuthenticationResponseJSON, so a current browser
// converts them automatically:
//
//	const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
//	const credential = await navigator.credentials.create({publicKey})
//	const body = JSON.stringify(credential.toJSON())
//
// and likewise with parseRequestOptionsFromJSON and navigator.credentials.get.
//
// Some password managers put a credential of their own in place of the browser's, and toJSON then throws. A page that
// is to work with them catches that and encodes the ArrayBuffers itself: rawId, response.clientDataJSON and
// response.attestationObject, with response.getTransports(); for a signature rawId, response.clientDataJSON,
// response.authenticatorData and response.signature. Padded and standard base64 are accepted besides base64url.
//
// # The user
//
// A response proves that somebody made a passkey, not who. That it belongs to the signed-in user follows only from the
// state, so keep the state where other users cannot reach it: see [RegistrationState]. A signature is bound to the user
// by the passkeys that it was asked of: see [SigningState].
//
// # What is not checked
//
// Whether an attestation certificate leads to a maker you trust is not looked at. The options ask for no attestation unless
// [RelyingParty.Attestation] says so, and a statement that comes all the same is rejected only if it contradicts the data
// that it signs.
// Whether the credential is already registered to somebody else is for your database to say, by [Credential.ID] (W3C
// WebAuthn, section 7.1). Whether the count of signatures went back, a hint at a copied key, is not looked at either,
// because synchronised passkeys do not count. Flags that the standard reserves are passed over, and so is everything in
// a response that the signed parts of it say as well.
//
// # Errors
//
// Every rejection is an *[Error] that names the check, and errors.Is finds its kind: [ErrConfiguration] and [ErrState]
// point at the server, the others at what came from the page. No error repeats challenges, ids or key material, so all
// of them are safe to log.
package passkey
