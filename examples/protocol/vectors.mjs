// Holds byzantine.mjs against the vectors: node vectors.mjs FOLDER
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { challenge, compressed, isSigned, privateKey, signedHeaders, verifyWebhook } from './byzantine.mjs'

const read = (name) => JSON.parse(readFileSync(`${process.argv[2]}/${name}.json`)).vectors
let count = 0
for (const v of read('requests')) {
  assert.ok(isSigned(v.publicKey, v.signature, v.timestamp, v.method, v.pathAndQuery, v.body), v.name)
  assert.ok(!isSigned(v.publicKey, v.signature, v.timestamp, v.method, v.pathAndQuery, v.body + ' '), v.name)
  count++
}
for (const v of read('keys')) {
  const key = privateKey(v.privateKey)
  assert.equal(compressed(key), v.publicKey)
  const h = signedHeaders(key, 'GET', '/v1/health', '', 1760375826)
  assert.ok(isSigned(v.publicKey, h['X-Signature'], 1760375826, 'GET', '/v1/health', ''))
  count++
}
for (const v of read('challenges')) {
  assert.equal(challenge(v.bodyToSign), v.challenge, v.name)
  count++
}
for (const v of read('webhooks')) {
  const check = () => verifyWebhook(v.publicKey, v.headers, v.body, v.now)
  if (v.valid) assert.equal(check().id, v.headers['x-byzantine-webhook-event-id'], v.name)
  else assert.throws(check, undefined, v.name)
  count++
}
console.log(`${count} vectors hold`)
