// Package passkey connects WebAuthn in a browser with the API. It makes the options of a ceremony, checks the browser's
// response, and returns it in the form that the API takes.
//
// # Registration
//
// A registration takes one round trip to the page:
//
//  1. [RelyingParty.BeginRegistration] makes options for the page and a state for the server.
//  2. The page calls navigator.credentials.create and posts the result.
//  3. [RelyingParty.FinishRegistration] checks the result against the state and returns a [Credential], whose
//     Authenticator goes to the API: into the root users of a new account, or to CreateAuthenticatorsOTP.
//
// [ParseUnverified] is for backends that receive a response without having made the options. It checks only that the
// response is well formed. It does not check who made the response, where, or when.
//
// # Signing
//
// A passkey of a user signs every transaction, invitation and change of roles. This takes another round trip:
//
//  1. One of the client's Get...PayloadPasskey methods returns a payload.
//  2. [RelyingParty.BeginSigning] makes options for the page and a state for the server.
//  3. The page calls navigator.credentials.get and posts the result.
//  4. [RelyingParty.FinishSigning] checks the result against the state and returns the payload with its stamp, which
//     SignPayloadPasskey, InviteUsers or UpdateUsersRole submits.
//
// For transactions, [Transactor] does these steps and binds them to a user.
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
// For a signature a page calls parseRequestOptionsFromJSON and navigator.credentials.get in the same way.
//
// Some password managers replace the browser's credential with an object of their own, and toJSON then throws. A page
// that must work with them catches the exception and writes the object itself: id and type as they are, and in
// base64url rawId, response.clientDataJSON and response.attestationObject, with response.getTransports(); for a
// signature rawId, response.clientDataJSON, response.authenticatorData and response.signature. Padded and standard
// base64 are accepted besides base64url. The module in the folder browser does all of this.
//
// # The user
//
// A response proves that a passkey was made, but not who made it. Only the state ties it to the signed-in user, so keep
// the state where other users cannot reach it: see [RegistrationState]. A signature is tied to the user by the list of
// passkeys that may make it: see [SigningState].
//
// # What is not checked
//
// This package does not check whether an attestation certificate leads to a manufacturer that you trust. The options
// ask for no attestation unless [RelyingParty.Attestation] says so. If a response has an attestation statement that was
// not asked for, it is rejected only if the statement contradicts the data that it signs.
//
// Your database must check that the credential is not already registered to another user, by [Credential.ID] (W3C
// WebAuthn, section 7.1).
//
// The signature counter is not checked. A counter that goes back can be a sign of a copied key, but synchronised
// passkeys do not count. Flags that the standard reserves are ignored, and so is everything in a response that repeats
// its signed parts.
//
// # Errors
//
// Every rejection is an *[Error] that names the check that failed, and errors.Is finds its kind. [ErrConfiguration] is a
// mistake in your code. [ErrState], [ErrExpired] and [ErrSubmitted] concern the state or draft that your server kept. All
// others concern what the page sent. Errors are safe to log: none repeats a challenge, an id or key material.
package passkey
