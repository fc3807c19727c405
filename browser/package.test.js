// What is true of the package: its types, what it ships, and what README.md says of its size.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const source = readFileSync(join(here, "passkey.js"));
const readme = readFileSync(join(here, "README.md"), "utf8");
const compiler = (/** @type {string} */ name) => join(here, "node_modules", name, "bin", "tsc");
const compilers = [compiler("typescript"), compiler("typescript-5")]; // the newest, and the oldest that the types are for

// Without the npm registry the checks of the types are left out, except where CI is set.
const skip = !compilers.every((tsc) => existsSync(tsc)) && !process.env.CI && "typescript is not installed: npm ci";

/** @param {string} program @param {string[]} args @param {string} cwd */
function run(program, args, cwd) {
  try {
    return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout, stderr } = /** @type {any} */ (error);
    throw new Error(`${program} ${args.join(" ")}: ${stdout}${stderr}`);
  }
}

test("one file, below 250 lines, without dependencies", () => {
  const text = String(source);
  assert.ok(text.split("\n").length <= 250);
  assert.doesNotMatch(text, /^\s*import\b|\bimport\(|\brequire\(/m);
  const { dependencies, peerDependencies, devDependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
  assert.deepEqual([dependencies, peerDependencies], [undefined, undefined]);
  for (const version of Object.values(devDependencies)) assert.match(version, /^(npm:typescript@)?\d+\.\d+\.\d+$/, "pinned");
});

test("the licence is the repository's", () => {
  assert.equal(readFileSync(join(here, "LICENSE"), "utf8"), readFileSync(join(here, "..", "LICENSE"), "utf8"));
});

test("README.md states the size", () => {
  const kB = (/** @type {Buffer} */ content) => (content.length / 1000).toFixed(1);
  assert.ok(readme.includes(`${kB(source)} kB (${kB(gzipSync(source, { level: 9 }))} kB compressed with gzip)`),
    `${kB(source)} kB (${kB(gzipSync(source, { level: 9 }))} kB compressed with gzip)`);
});

test("README.md has every code", () => {
  const [, codes] = /** @type {RegExpMatchArray} */ (String(source).match(/const sentences = \{(.*?)\n\};/s));
  const listed = [.../** @type {string} */ (codes).matchAll(/^ {2}"([a-z-]+)":/gm)].map(([, code]) => code);
  assert.ok(listed.length > 10);
  for (const code of listed) assert.ok(readme.includes(`\`${code}\``), code);
});

test("types: strict, and for a program that uses the packed package", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "passkey-browser-"));
  try {
    const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder], here)); // runs tsc first
    assert.deepEqual(packed.files.map((/** @type {{ path: string }} */ { path }) => path).sort(),
      ["LICENSE", "README.md", "package.json", "passkey.d.ts", "passkey.js"]);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    run("npm", ["install", "--offline", "--no-audit", "--no-fund", join(folder, packed.filename)], folder);
    assert.equal(run("node", ["--input-type=module", "-e",
      'import * as p from "@byzantine-finance/passkey-browser"; console.log(Object.keys(p).sort().join(), new p.PasskeyError("failed").code)',
    ], folder).trim(), "PasskeyError,createPasskey,signWithPasskey,supported failed");

    const program = `
      import { createPasskey, PasskeyError, signWithPasskey, supported } from "@byzantine-finance/passkey-browser";
      import type { CreationOptionsJSON, PasskeyErrorCode, RegistrationJSON, RequestOptionsJSON } from "@byzantine-finance/passkey-browser";
      export async function use(creation: CreationOptionsJSON, request: RequestOptionsJSON, fetched: any, signal?: AbortSignal) {
        const made: RegistrationJSON = await createPasskey(creation, { signal });
        const transports: string[] = (await createPasskey(await fetched.json())).response.transports;
        const extensions = { prf: { eval: { first: "AQ" } } };
        const signed = await signWithPasskey({ ...request, extensions }, { signal, autofill: true });
        const texts: string[] = [signed.id, signed.response.signature, signed.response.userHandle ?? ""];
        const { autofill }: { autofill: boolean } = await supported();
        const code: PasskeyErrorCode = new PasskeyError("cancelled").code;
        return [made, transports, texts, autofill, code];
      }`;
    const check = (/** @type {string} */ tsc, /** @type {string} */ text) => {
      writeFileSync(join(folder, "program.ts"), text);
      run(process.execPath, [tsc, "--strict", "--exactOptionalPropertyTypes", "--noEmit", "--module", "nodenext", "--moduleResolution", "nodenext",
        "--target", "es2022", "--lib", "es2022,dom", "program.ts"], folder);
    };
    for (const tsc of compilers) {
      check(tsc, program);
      assert.throws(() => check(tsc, program.replace("autofill: true", "autoFill: true")), /autoFill/);
      assert.throws(() => check(tsc, program.replace("PasskeyError(\"cancelled\")", "PasskeyError(\"canceled\")")), /canceled/);
      assert.throws(() => check(tsc, program.replace("use(creation: CreationOptionsJSON", "use(creation: RequestOptionsJSON")), /rp/);
    }
    // What the newest compiler's library says of the options fits.
    check(/** @type {string} */ (compilers[0]), program.replace("use(creation: CreationOptionsJSON, request: RequestOptionsJSON",
      "use(creation: PublicKeyCredentialCreationOptionsJSON, request: PublicKeyCredentialRequestOptionsJSON"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
