/**
 * Passkeys in the browser, for backends that use byzantine-go. One file without dependencies; README.md shows its use.
 *
 * The options are what RelyingParty.BeginRegistration and BeginSigning return. The results go to FinishRegistration and
 * FinishSigning. Call createPasskey and signWithPasskey in the handler of a click or a key press: some browsers require it.
 *
 * The browser's own conversions, parseCreationOptionsFromJSON and toJSON, are not used. Older browsers lack them, and
 * password managers that stand in for the browser break toJSON ("Illegal invocation") or return base64 of another kind.
 * Reading the buffers works everywhere.
 */

/**
 * The JSON of W3C WebAuthn, sections 5.4 and 5.5. TypeScript has types of its own for all of it in version 7 only.
 * @typedef {{ id: string, type: string, transports?: string[] }} CredentialDescriptorJSON
 * @typedef {{ challenge: string, rp: { name: string, id?: string }, user: { id: string, name: string, displayName: string },
 *   pubKeyCredParams: { type: string, alg: number }[], timeout?: number, excludeCredentials?: CredentialDescriptorJSON[],
 *   authenticatorSelection?: object, hints?: string[], attestation?: string, extensions?: object }} CreationOptionsJSON
 * @typedef {{ challenge: string, timeout?: number, rpId?: string, allowCredentials?: CredentialDescriptorJSON[],
 *   userVerification?: string, hints?: string[], extensions?: object }} RequestOptionsJSON
 * @typedef {{ id: string, rawId: string, type: string, authenticatorAttachment?: string, clientExtensionResults: Record<string, any> }} CredentialJSON
 * @typedef {CredentialJSON & { response: { clientDataJSON: string, attestationObject: string, transports: string[] } }} RegistrationJSON
 * @typedef {CredentialJSON & { response: { clientDataJSON: string, authenticatorData: string, signature: string, userHandle?: string } }} AuthenticationJSON
 * @typedef {"cancelled" | "aborted" | "superseded" | "already-registered" | "unsupported-browser" | "insecure-page" | "wrong-site"
 *   | "not-permitted" | "unsupported-device" | "autofill-unsupported" | "invalid-options" | "failed"} PasskeyErrorCode
 */

/** @type {Readonly<Record<PasskeyErrorCode, string>>} a sentence for people, true for every cause that leads to the code */
const sentences = {
  "cancelled": "No passkey was used. The request was cancelled, took too long, was not allowed, or found no passkey of yours. You can try again.",
  "aborted": "The passkey request was stopped by this page.",
  "superseded": "Another passkey request took the place of this one.",
  "already-registered": "This device or password manager already holds a passkey for your account.",
  "unsupported-browser": "This browser does not support passkeys.",
  "insecure-page": "Passkeys need a secure connection, which this page does not have.",
  "wrong-site": "Passkeys of this website do not work at the address of this page.",
  "not-permitted": "This page is not permitted to use passkeys.",
  "unsupported-device": "This device does not support the kind of passkey that this website needs.",
  "autofill-unsupported": "This browser does not suggest passkeys in form fields.",
  "invalid-options": "This website's passkey request could not be processed. Please report this to the website.",
  "failed": "The passkey request failed for a technical reason. Please try again.",
};

/** What createPasskey and signWithPasskey throw. The message is one English sentence for people; translate by the code. */
export class PasskeyError extends Error {
  /**
   * @param {PasskeyErrorCode} code stable across versions
   * @param {unknown} [cause] what the browser threw, or a TypeError that names the invalid field; for the log
   * @param {string} [message] a more exact sentence
   */
  constructor(code, cause, message) {
    super(message ?? sentences[code], { cause });
    this.name = "PasskeyError";
    this.code = code;
  }
}

/**
 * Creates a passkey. A ceremony that is still pending ends first, with the code "superseded".
 * @param {CreationOptionsJSON} options from RelyingParty.BeginRegistration
 * @param {{ signal?: AbortSignal | undefined }} [settings] signal ends the ceremony, with the code "aborted"
 * @returns {Promise<RegistrationJSON>} for RelyingParty.FinishRegistration
 */
export async function createPasskey(options, { signal } = {}) {
  const credential = await ceremony("create", signal, async (signal) => navigator.credentials.create({
    signal,
    publicKey: /** @type {PublicKeyCredentialCreationOptions} */ ({
      ...options,
      challenge: toBytes("challenge", options?.challenge),
      user: { ...options.user, id: toBytes("user.id", options.user?.id) },
      excludeCredentials: toDescriptors("excludeCredentials", options.excludeCredentials),
      ...toExtensions(options.extensions),
    }),
  }));
  const response = /** @type {AuthenticatorAttestationResponse} */ (credential.response);
  return toJSON(credential, {
    clientDataJSON: response.clientDataJSON,
    attestationObject: response.attestationObject,
    transports: survive(() => [...response.getTransports()], []), // as reported: the backend decides what they mean
  });
}

/**
 * Signs with a passkey. A ceremony that is still pending ends first, with the code "superseded".
 * @param {RequestOptionsJSON} options from RelyingParty.BeginSigning
 * @param {{ signal?: AbortSignal | undefined, autofill?: boolean }} [settings] signal ends the ceremony, with the code
 *   "aborted". With autofill no dialog opens: the browser suggests passkeys in a field with autocomplete="username
 *   webauthn" until the user picks one (conditional mediation). This needs no click or key press.
 * @returns {Promise<AuthenticationJSON>} for RelyingParty.FinishSigning
 */
export async function signWithPasskey(options, { signal, autofill = false } = {}) {
  const credential = await ceremony("get", signal, async (signal) => {
    if (autofill && !(await supported()).autofill) throw new PasskeyError("autofill-unsupported");
    return signal.aborted ? null : navigator.credentials.get({
      signal,
      ...(autofill && { mediation: /** @type {const} */ ("conditional") }),
      publicKey: /** @type {PublicKeyCredentialRequestOptions} */ ({
        ...options,
        challenge: toBytes("challenge", options?.challenge),
        allowCredentials: toDescriptors("allowCredentials", options.allowCredentials),
        ...toExtensions(options.extensions),
      }),
    });
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = /** @type {AuthenticatorAssertionResponse} */ (credential.response);
  return toJSON(credential, { clientDataJSON, authenticatorData, signature, userHandle: userHandle ?? undefined });
}

/**
 * Says what this browser offers to this page: passkeys, suggestions in form fields, an authenticator in the device.
 * @returns {Promise<{ passkeys: boolean, autofill: boolean, platform: boolean }>}
 */
export async function supported() {
  const passkeys = !unavailable();
  const ask = async (/** @type {() => Promise<boolean>} */ question) => passkeys && (await question()) === true;
  const [autofill, platform] = await Promise.allSettled([
    ask(() => PublicKeyCredential.isConditionalMediationAvailable()),
    ask(() => PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable()),
  ]);
  const yes = (/** @type {PromiseSettledResult<boolean>} */ answer) => answer.status === "fulfilled" && answer.value;
  return { passkeys, autofill: yes(autofill), platform: yes(platform) };
}

/** @returns {PasskeyErrorCode | undefined} why there are no passkeys on this page */
function unavailable() {
  if (!globalThis.isSecureContext) return "insecure-page";
  return globalThis.PublicKeyCredential && navigator.credentials ? undefined : "unsupported-browser";
}

/** @type {((reason: PasskeyError) => void) | undefined} ends the ceremony that is pending: browsers run one at a time */
let endPending;

/** @param {"create" | "get"} kind @param {AbortSignal | undefined} signal @param {(signal: AbortSignal) => Promise<Credential | null>} run */
async function ceremony(kind, signal, run) {
  endPending?.(new PasskeyError("superseded"));
  const controller = new AbortController();
  let end = (/** @type {PasskeyError} */ _) => {};
  const ended = new Promise((_, reject) => (end = (reason) => (reject(reason), controller.abort())));
  const stop = () => end(new PasskeyError("aborted", signal?.reason));
  endPending = end;
  try {
    const missing = unavailable();
    if (missing) throw new PasskeyError(missing);
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    // Password managers that stand in for the browser may ignore the signal, so this does not wait for them.
    const credential = /** @type {Credential | null} */ (await Promise.race([ended, controller.signal.aborted ? ended : run(controller.signal)]));
    if (credential && "response" in credential) return /** @type {PublicKeyCredential} */ (credential);
    throw new PasskeyError("failed", new TypeError("the browser returned no credential"));
  } catch (error) {
    throw explain(kind, error);
  } finally {
    signal?.removeEventListener("abort", stop);
    if (endPending === end) endPending = undefined;
  }
}

/** @type {Record<string, PasskeyErrorCode>} what the browser throws (W3C WebAuthn, sections 5.1.3 and 5.1.4) */
const codes = {
  NotAllowedError: "cancelled",
  InvalidStateError: "already-registered",
  SecurityError: "wrong-site",
  NotSupportedError: "unsupported-device",
  ConstraintError: "unsupported-device",
  TypeError: "invalid-options",
};

/** @param {"create" | "get"} kind @param {any} error @returns {PasskeyError} */
function explain(kind, error) {
  if (error instanceof PasskeyError) return error;
  let code = codes[error?.name] ?? "failed";
  // Only some browsers tell whether a Permissions-Policy forbids it.
  const policy = survive(() => /** @type {any} */ (document).featurePolicy.allowsFeature(`publickey-credentials-${kind}`), true);
  if (code === "cancelled" && policy === false) code = "not-permitted";
  if (kind === "get") return new PasskeyError(code === "already-registered" ? "failed" : code, error);
  return new PasskeyError(code, error, code === "cancelled"
    ? "No passkey was created. The request was cancelled, took too long, or is not possible on this device. You can try again." : undefined);
}

/** @param {PublicKeyCredential} credential @param {object} response @returns {any} JSON, with base64url in place of buffers */
function toJSON(credential, response) {
  return encode({
    id: credential.rawId,
    rawId: credential.rawId,
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: survive(() => credential.getClientExtensionResults(), {}),
    response,
  });
}

/** @template T @param {() => T} read what some browsers and password managers lack or break @param {T} otherwise */
function survive(read, otherwise) {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** @param {string} name @param {CredentialDescriptorJSON[]} [list] */
function toDescriptors(name, list = []) {
  return list.map((descriptor, i) => ({ ...descriptor, id: toBytes(`${name}[${i}].id`, descriptor?.id) }));
}

/** @param {any} extensions with base64url where the browser wants bytes: prf and largeBlob (W3C WebAuthn, section 10.1) */
function toExtensions(extensions) {
  if (!extensions) return {};
  const { prf, largeBlob } = extensions;
  const values = (/** @type {string} */ name, /** @type {any} */ { first, second }) => ({
    first: toBytes(`${name}.first`, first),
    ...(second !== undefined && { second: toBytes(`${name}.second`, second) }),
  });
  const byCredential = Object.entries(prf?.evalByCredential ?? {}).map(([id, v]) => [id, values("extensions.prf.evalByCredential", v)]);
  return {
    extensions: {
      ...extensions,
      ...(prf && { prf: {
        ...(prf.eval && { eval: values("extensions.prf.eval", prf.eval) }),
        ...(prf.evalByCredential && { evalByCredential: Object.fromEntries(byCredential) }),
      } }),
      ...(largeBlob?.write && { largeBlob: { ...largeBlob, write: toBytes("extensions.largeBlob.write", largeBlob.write) } }),
    },
  };
}

/** @param {any} value @returns {any} */
function encode(value) {
  // A password manager's buffer is of another realm, where instanceof does not reach.
  if (Object.prototype.toString.call(value) === "[object ArrayBuffer]" || ArrayBuffer.isView(value)) return toBase64URL(value);
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, encode(inner)]));
}

/** @param {string} name for the error, which never repeats the value @param {unknown} base64url @returns {Uint8Array<ArrayBuffer>} */
function toBytes(name, base64url) {
  if (typeof base64url !== "string" || !/^[\w-]+$/.test(base64url) || base64url.length % 4 === 1) {
    throw new TypeError(`options.${name}: not unpadded base64url`);
  }
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}

/** @param {ArrayBuffer | ArrayBufferView} buffer */
function toBase64URL(buffer) {
  const bytes = ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
