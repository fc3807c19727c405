// Passkeys in the browser for a backend that uses byzantine-go. Copy this file; it needs nothing else.
//
//   import { createPasskey, signWithPasskey, explain } from "./byzantine-passkey.js";
//
//   const options = await (await fetch("/passkey/options", { method: "POST" })).json();
//   const answer = await createPasskey(options);
//   await fetch("/passkey/finish", { method: "POST", body: JSON.stringify(answer) });
//
// The options are what RelyingParty.BeginRegistration and BeginSigning return, the answers what FinishRegistration and
// FinishSigning take. Both functions must run in the handler of a click or key press: some browsers ask for it.
//
// The browser's own conversions, parseCreationOptionsFromJSON and toJSON, are not used. They are missing in older
// browsers, and password managers that stand in for the browser break toJSON ("Illegal invocation") or return other
// base64 than the standard asks for. Reading the buffers works everywhere.

/**
 * Creates a passkey.
 * @param {object} options PublicKeyCredentialCreationOptionsJSON, from RelyingParty.BeginRegistration
 * @param {AbortSignal} [signal] ends the ceremony, for instance when the user leaves the page
 * @returns {Promise<object>} RegistrationResponseJSON, for RelyingParty.FinishRegistration
 * @throws {DOMException} NotAllowedError if the user cancelled or took too long, InvalidStateError if the authenticator
 *   holds a passkey of this user already; see explain
 */
export async function createPasskey(options, signal) {
  const credential = await navigator.credentials.create({
    signal,
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: (options.excludeCredentials ?? []).map(toDescriptor),
    },
  });
  const { response } = credential;
  return {
    ...common(credential),
    response: {
      clientDataJSON: toBase64URL(response.clientDataJSON),
      attestationObject: toBase64URL(response.attestationObject),
      transports: transportsOf(response),
    },
  };
}

/**
 * Signs a payload with a passkey.
 * @param {object} options PublicKeyCredentialRequestOptionsJSON, from RelyingParty.BeginSigning
 * @param {AbortSignal} [signal] ends the ceremony
 * @returns {Promise<object>} AuthenticationResponseJSON, for RelyingParty.FinishSigning
 * @throws {DOMException} NotAllowedError if the user cancelled, took too long or has no such passkey; see explain
 */
export async function signWithPasskey(options, signal) {
  const credential = await navigator.credentials.get({
    signal,
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: (options.allowCredentials ?? []).map(toDescriptor),
    },
  });
  const { response } = credential;
  return {
    ...common(credential),
    response: {
      clientDataJSON: toBase64URL(response.clientDataJSON),
      authenticatorData: toBase64URL(response.authenticatorData),
      signature: toBase64URL(response.signature),
      userHandle: response.userHandle ? toBase64URL(response.userHandle) : undefined,
    },
  };
}

/**
 * Says in one sentence what went wrong, for the person in front of the screen.
 * @param {unknown} error what createPasskey or signWithPasskey threw
 * @returns {string}
 */
export function explain(error) {
  switch (error?.name) {
    case "NotAllowedError":
      return "The passkey was not used: the request was cancelled or timed out. You can try again.";
    case "InvalidStateError":
      return "This device has a passkey for your account already.";
    case "SecurityError":
      return "Passkeys do not work on this address of the page.";
    case "NotSupportedError":
      return "This device cannot make the kind of passkey that is needed.";
    case "AbortError":
      return "The passkey request was stopped.";
    default:
      return "Passkeys do not seem to work in this browser.";
  }
}

function common(credential) {
  const id = toBase64URL(credential.rawId);
  return {
    id,
    rawId: id,
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: {},
  };
}

// getTransports is missing in older browsers, and throws like toJSON in some password managers. The list is a hint.
function transportsOf(response) {
  try {
    return response.getTransports();
  } catch {
    return [];
  }
}

function toDescriptor(descriptor) {
  return { ...descriptor, id: toBytes(descriptor.id) };
}

function toBytes(base64url) {
  const base64 = base64url.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function toBase64URL(buffer) {
  let binary = "";
  for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
