// Times what other libraries need to sign one request: SHA-256 of the message, ECDSA on P-256, DER.
//
//   npm install && node bench.mjs     prints a table
//   node bench.mjs --driven           speaks with the Go program: a line of JSON in, a line out
//
// Driven, the first line in is {privateKey, publicKey, head, body, milliseconds}, keys in hexadecimal, and the first
// line out {node, peers: [{name, version, der}]}, a signature of each to be verified. After that each line in asks
// for one round, which is {medians: [nanoseconds]} out.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import elliptic from 'elliptic'
import { p256 } from '@noble/curves/nist.js'
import { ApiKeyStamper } from '@turnkey/api-key-stamper'

function peersFor({ privateKey, publicKey, head, body }) {
  const secret = Buffer.from(privateKey, 'hex')
  const ellipticKey = new elliptic.ec('p256').keyFromPrivate(privateKey, 'hex')
  const stamper = new ApiKeyStamper({ apiPublicKey: publicKey, apiPrivateKey: privateKey })
  const digest = (text) => createHash('sha256').update(text).digest()
  return [
    {
      name: 'elliptic',
      sign: () => ellipticKey.sign(digest(head + body)).toDER('hex'),
    },
    {
      name: '@noble/curves',
      sign: () => Buffer.from(p256.sign(digest(head + body), secret, { prehash: false, format: 'der' })).toString('hex'),
    },
    {
      name: '@turnkey/api-key-stamper', // has one message, which takes the place of head and body
      sign: async () => {
        const { stampHeaderValue } = await stamper.stamp(head + body)
        return JSON.parse(Buffer.from(stampHeaderValue, 'base64url')).signature
      },
    },
  ].map((peer) => ({ ...peer, version: installedVersion(peer.name) }))
}

function installedVersion(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version
}

// The median time of one call, in nanoseconds.
async function median(sign, milliseconds) {
  const times = []
  const end = performance.now() + milliseconds
  do {
    const start = process.hrtime.bigint()
    await sign()
    times.push(Number(process.hrtime.bigint() - start))
  } while (performance.now() < end)
  return times.sort((a, b) => a - b)[times.length >> 1]
}

async function round(peers, milliseconds) {
  const medians = []
  for (const peer of peers) medians.push(await median(peer.sign, milliseconds))
  return medians
}

const warmUp = 300 // milliseconds, for the compiler

async function driven() {
  const say = (value) => process.stdout.write(JSON.stringify(value) + '\n')
  let peers, milliseconds
  for await (const line of createInterface({ input: process.stdin })) {
    if (peers) {
      say({ medians: await round(peers, milliseconds) })
      continue
    }
    const work = JSON.parse(line)
    peers = peersFor(work)
    milliseconds = work.milliseconds
    await round(peers, warmUp)
    const shown = []
    for (const { name, version, sign } of peers) shown.push({ name, version, der: await sign() })
    say({ node: process.version, peers: shown })
  }
}

async function alone() {
  const key = new elliptic.ec('p256').genKeyPair()
  const peers = peersFor({
    privateKey: key.getPrivate('hex').padStart(64, '0'),
    publicKey: key.getPublic(true, 'hex'),
    head: '1760375826POST/v1/submit/create-authenticators-otp',
    body: 'x'.repeat(1024),
  })
  await round(peers, warmUp)
  const medians = await round(peers, 2000)
  console.table(peers.map(({ name, version }, i) => ({ name, version, microseconds: Math.round(medians[i] / 1000) })))
}

await (process.argv.includes('--driven') ? driven() : alone())
