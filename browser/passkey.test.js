// What the module does with a browser's answers, good and bad. The browser is a stand-in here; e2e has the real one.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { createPasskey, PasskeyError, signWithPasskey, supported } from "./passkey.js";

const bytes = (/** @type {number[]} */ ...list) => new Uint8Array(list).buffer;

/** @returns {import("./passkey.js").CreationOptionsJSON} */
const creation = () => ({
  rp: { id: "example.com", name: "Example" },
  user: { id: "_-8", name: "ada@example.com", displayName: "Ada" },
  challenge: "AQID",
  pubKeyCredParams: [{ type: "public-key", alg: -7 }],
  excludeCredentials: [{ type: "public-key", id: "AAE", transports: ["usb"] }],
  timeout: 600000,
});

/** @returns {import("./passkey.js").RequestOptionsJSON} */
const request = () => ({ challenge: "AQID", rpId: "example.com", allowCredentials: [{ type: "public-key", id: "AAE" }] });

const registration = () => ({
  rawId: bytes(0xfb, 0xff),
  type: "public-key",
  authenticatorAttachment: "platform",
  getClientExtensionResults: () => ({}),
  response: { clientDataJSON: bytes(1), attestationObject: bytes(2), getTransports: () => ["internal", "smart-card", "internal"] },
  toJSON() { throw new TypeError("Illegal invocation"); },
});

const assertion = () => ({
  rawId: bytes(0xfb, 0xff),
  type: "public-key",
  authenticatorAttachment: null,
  getClientExtensionResults: () => ({}),
  response: { clientDataJSON: bytes(1), authenticatorData: bytes(2), signature: bytes(3), userHandle: bytes(4) },
});

/** What the page called the browser with. @type {any[]} */
let asked;

/** @param {Record<string, unknown>} globals what the page finds; undefined takes away */
function give(globals) {
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

/** @param {(options: any) => unknown} answer of navigator.credentials */
function answering(answer) {
  const method = async (/** @type {any} */ options) => (asked.push(options), answer(options));
  give({ navigator: { credentials: { create: method, get: method } } });
}

/** A browser that waits for its user. With polite it ends when the signal says so. */
function waiting(polite = true) {
  answering(({ signal }) => new Promise((_, reject) => {
    if (polite) signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
  }));
}

/** @param {Promise<unknown>} promise @param {string} code @returns {Promise<PasskeyError>} */
async function failsWith(promise, code) {
  /** @type {unknown} */
  let error;
  await assert.rejects(promise, (thrown) => ((error = thrown), true));
  assert.ok(error instanceof PasskeyError);
  assert.equal(error.code, code);
  assert.match(error.message, /^[A-Z].*\.$/);
  return error;
}

beforeEach(() => {
  asked = [];
  give({
    isSecureContext: true,
    document: {},
    PublicKeyCredential: {
      isConditionalMediationAvailable: async () => true,
      isUserVerifyingPlatformAuthenticatorAvailable: async () => true,
    },
  });
});
afterEach(() => give({ isSecureContext: undefined, document: undefined, PublicKeyCredential: undefined, navigator: undefined }));

describe("a ceremony that succeeds", () => {
  test("creation", async () => {
    answering(registration);
    assert.deepEqual(JSON.parse(JSON.stringify(await createPasskey(creation()))), {
      id: "-_8", rawId: "-_8", type: "public-key", authenticatorAttachment: "platform", clientExtensionResults: {},
      response: { clientDataJSON: "AQ", attestationObject: "Ag", transports: ["internal", "smart-card", "internal"] },
    });
    const { publicKey } = asked[0];
    assert.deepEqual(publicKey.challenge, new Uint8Array([1, 2, 3]));
    assert.deepEqual(publicKey.user, { id: new Uint8Array([0xff, 0xef]), name: "ada@example.com", displayName: "Ada" });
    assert.deepEqual(publicKey.excludeCredentials, [{ type: "public-key", id: new Uint8Array([0, 1]), transports: ["usb"] }]);
    assert.equal(publicKey.timeout, 600000);
    assert.ok(!("extensions" in publicKey));
  });
  test("signature", async () => {
    answering(assertion);
    assert.deepEqual(JSON.parse(JSON.stringify(await signWithPasskey(request()))), {
      id: "-_8", rawId: "-_8", type: "public-key", clientExtensionResults: {},
      response: { clientDataJSON: "AQ", authenticatorData: "Ag", signature: "Aw", userHandle: "BA" },
    });
    assert.deepEqual(asked[0].publicKey.allowCredentials, [{ type: "public-key", id: new Uint8Array([0, 1]) }]);
    assert.ok(!("mediation" in asked[0]));
  });
  test("signature without a user handle and a list", async () => {
    answering(() => ({ ...assertion(), response: { ...assertion().response, userHandle: null } }));
    const { response } = await signWithPasskey({ challenge: "AQID" });
    assert.ok(!("userHandle" in JSON.parse(JSON.stringify(response))));
    assert.deepEqual(asked[0].publicKey.allowCredentials, []);
  });
  test("with the suggestions of a form field", async () => {
    answering(assertion);
    await signWithPasskey(request(), { autofill: true });
    assert.equal(asked[0].mediation, "conditional");
  });
});

test("extensions: base64url becomes bytes and bytes become base64url", async () => {
  answering(() => ({
    ...assertion(),
    getClientExtensionResults: () => ({
      prf: { enabled: true, results: { first: bytes(0xfb, 0xff), second: new Uint8Array([9, 1, 9]).subarray(1, 2) } },
      credProps: { rk: true }, list: [bytes(1), null],
    }),
  }));
  const extensions = /** @type {any} */ ({
    credProps: true,
    prf: { eval: { first: "AQ", second: "Ag" }, evalByCredential: { AAE: { first: "Aw" } } },
    largeBlob: { write: "BA" },
  });
  const { clientExtensionResults } = await signWithPasskey({ ...request(), extensions });
  assert.deepEqual(asked[0].publicKey.extensions, {
    credProps: true,
    prf: {
      eval: { first: new Uint8Array([1]), second: new Uint8Array([2]) },
      evalByCredential: { AAE: { first: new Uint8Array([3]) } },
    },
    largeBlob: { write: new Uint8Array([4]) },
  });
  assert.deepEqual(clientExtensionResults, {
    prf: { enabled: true, results: { first: "-_8", second: "AQ" } }, credProps: { rk: true }, list: ["AQ", null],
  });

  answering(registration);
  await createPasskey({ ...creation(), extensions: /** @type {any} */ ({ prf: {}, largeBlob: { support: "required" } }) });
  assert.deepEqual(asked[1].publicKey.extensions, { prf: {}, largeBlob: { support: "required" } });
});

describe("what password managers and older browsers break", () => {
  const illegal = () => { throw new TypeError("Illegal invocation"); };
  for (const [name, getTransports] of /** @type {const} */ ([["fails", illegal], ["is missing", undefined]])) {
    test(`getTransports ${name}`, async () => {
      answering(() => ({ ...registration(), response: { ...registration().response, getTransports } }));
      assert.deepEqual((await createPasskey(creation())).response.transports, []);
    });
  }
  for (const [name, getClientExtensionResults] of /** @type {const} */ ([["fails", illegal], ["is missing", undefined]])) {
    test(`getClientExtensionResults ${name}`, async () => {
      answering(() => ({ ...assertion(), getClientExtensionResults }));
      assert.deepEqual((await signWithPasskey(request())).clientExtensionResults, {});
    });
  }
  test("buffers of another realm", async () => {
    const { runInNewContext } = await import("node:vm");
    answering(() => ({ ...registration(), rawId: runInNewContext("new Uint8Array([251, 255]).buffer") }));
    assert.equal((await createPasskey(creation())).id, "-_8");
  });
  test("no credential at all", async () => {
    for (const nothing of [null, undefined, {}]) {
      answering(() => nothing);
      const error = await failsWith(signWithPasskey(request()), "failed");
      assert.match(String(error.cause), /no credential/);
    }
  });
});

describe("errors of the browser", () => {
  for (const [name, onCreate, onGet] of [
    ["NotAllowedError", "cancelled", "cancelled"],
    ["InvalidStateError", "already-registered", "failed"],
    ["SecurityError", "wrong-site", "wrong-site"],
    ["NotSupportedError", "unsupported-device", "unsupported-device"],
    ["ConstraintError", "unsupported-device", "unsupported-device"],
    ["AbortError", "failed", "failed"],
    ["UnknownError", "failed", "failed"],
    ["OperationError", "failed", "failed"],
  ]) {
    test(/** @type {string} */ (name), async () => {
      const cause = new DOMException("for developers", name);
      answering(() => { throw cause; });
      const created = await failsWith(createPasskey(creation()), /** @type {string} */ (onCreate));
      const signed = await failsWith(signWithPasskey(request()), /** @type {string} */ (onGet));
      assert.equal(created.cause, cause);
      assert.equal(signed.cause, cause);
      assert.equal(created.name, "PasskeyError");
      assert.doesNotMatch(created.message + signed.message, /developers/);
    });
  }
  test("no error at all", async () => {
    answering(() => { throw undefined; });
    await failsWith(createPasskey(creation()), "failed");
  });
  test("a Permissions-Policy", async () => {
    give({ document: { featurePolicy: { allowsFeature: (/** @type {string} */ f) => f !== "publickey-credentials-get" } } });
    answering(() => { throw new DOMException("", "NotAllowedError"); });
    await failsWith(signWithPasskey(request()), "not-permitted");
    await failsWith(createPasskey(creation()), "cancelled");
  });
  test("the sentence of a cancelled creation speaks of creation", async () => {
    answering(() => { throw new DOMException("", "NotAllowedError"); });
    assert.match((await failsWith(createPasskey(creation()), "cancelled")).message, /^No passkey was created\./);
    assert.match((await failsWith(signWithPasskey(request()), "cancelled")).message, /^No passkey was used\./);
  });
});

describe("a programmer's mistake names the field and is not called a broken browser", () => {
  const secret = "c2VjcmV0+/==";
  for (const [field, call] of /** @type {[string, () => Promise<unknown>][]} */ ([
    ["challenge", () => createPasskey(/** @type {any} */ (undefined))],
    ["challenge", () => createPasskey(/** @type {any} */ ({ publicKey: creation() }))],
    ["challenge", () => signWithPasskey({ ...request(), challenge: secret })],
    ["challenge", () => signWithPasskey({ ...request(), challenge: "" })],
    ["challenge", () => signWithPasskey({ ...request(), challenge: "AAAAA" })],
    ["challenge", () => signWithPasskey({ ...request(), challenge: /** @type {any} */ (bytes(1)) })],
    ["user.id", () => createPasskey({ ...creation(), user: /** @type {any} */ (undefined) })],
    ["user.id", () => createPasskey({ ...creation(), user: { ...creation().user, id: secret } })],
    ["excludeCredentials[1].id", () => createPasskey({ ...creation(), excludeCredentials: [{ type: "public-key", id: "AA" }, /** @type {any} */ (null)] })],
    ["allowCredentials[0].id", () => signWithPasskey({ ...request(), allowCredentials: [{ type: "public-key", id: secret }] })],
    ["extensions.prf.eval.first", () => signWithPasskey({ ...request(), extensions: /** @type {any} */ ({ prf: { eval: { first: secret } } }) })],
    ["extensions.prf.evalByCredential.second", () => signWithPasskey({ ...request(), extensions: /** @type {any} */ ({ prf: { evalByCredential: { AA: { first: "AA", second: secret } } } }) })],
    ["extensions.largeBlob.write", () => signWithPasskey({ ...request(), extensions: /** @type {any} */ ({ largeBlob: { write: secret } }) })],
  ])) {
    test(field, async () => {
      answering(assertion);
      const error = await failsWith(call(), "invalid-options");
      assert.equal(String(error.cause), `TypeError: options.${field}: not unpadded base64url`);
      assert.doesNotMatch(error.message, /browser/);
      assert.deepEqual(asked, []);
    });
  }
  test("what only the browser finds", async () => {
    const cause = new TypeError("Required member is undefined.");
    answering(() => { throw cause; });
    assert.equal((await failsWith(createPasskey(creation()), "invalid-options")).cause, cause);
  });
});

describe("one ceremony at a time", () => {
  for (const polite of [true, false]) {
    test(polite ? "the next one ends it" : "the next one ends it, although a password manager ignores the signal", async () => {
      waiting(polite);
      const first = signWithPasskey(request(), { autofill: true });
      const firstFails = failsWith(first, "superseded");
      await new Promise(setImmediate);
      assert.equal(asked.length, 1);
      const second = failsWith(signWithPasskey(request()), "superseded");
      await firstFails;
      assert.ok(asked[0].signal.aborted);
      answering(registration);
      await createPasskey(creation());
      await second;
    });
    test(polite ? "its signal ends it" : "its signal ends it, although a password manager ignores the other", async () => {
      waiting(polite);
      const controller = new AbortController();
      const fails = failsWith(createPasskey(creation(), { signal: controller.signal }), "aborted");
      await new Promise(setImmediate);
      controller.abort("left the page");
      assert.equal((await fails).cause, "left the page");
      assert.ok(asked[0].signal.aborted);
    });
  }
  test("a signal that is aborted already", async () => {
    answering(assertion);
    await failsWith(signWithPasskey(request(), { signal: AbortSignal.abort() }), "aborted");
    assert.deepEqual(asked, []);
  });
  test("ended while it asked for autofill, it asks for nothing more", async () => {
    answering(assertion);
    const first = failsWith(signWithPasskey(request(), { autofill: true }), "superseded");
    await signWithPasskey(request());
    await first;
    await new Promise(setImmediate);
    assert.equal(asked.length, 1);
  });
  test("what is over is not ended again", async () => {
    answering(assertion);
    const controller = new AbortController();
    await signWithPasskey(request(), { signal: controller.signal });
    controller.abort();
    await signWithPasskey(request());
    assert.deepEqual(asked.map(({ signal }) => signal.aborted), [false, false]);
  });
});

describe("what the page can do", () => {
  test("everything", async () => {
    answering(assertion);
    assert.deepEqual(await supported(), { passkeys: true, autofill: true, platform: true });
  });
  test("an older browser", async () => {
    answering(assertion);
    give({ PublicKeyCredential: { isUserVerifyingPlatformAuthenticatorAvailable: async () => { throw new Error("broken"); } } });
    assert.deepEqual(await supported(), { passkeys: true, autofill: false, platform: false });
    await failsWith(signWithPasskey(request(), { autofill: true }), "autofill-unsupported");
    assert.deepEqual(asked, []);
  });
  for (const [name, globals, code] of /** @type {[string, Record<string, unknown>, string][]} */ ([
    ["no passkeys", { PublicKeyCredential: undefined }, "unsupported-browser"],
    ["no credentials", { navigator: {} }, "unsupported-browser"],
    ["no TLS", { isSecureContext: false }, "insecure-page"],
  ])) {
    test(name, async () => {
      answering(assertion);
      give(globals);
      assert.deepEqual(await supported(), { passkeys: false, autofill: false, platform: false });
      await failsWith(createPasskey(creation()), code);
      await failsWith(signWithPasskey(request(), { autofill: true }), code);
    });
  }
});
