// The protocol of the Byzantine API in plain Node, without a package. docs/protocol.md explains it.
import { createHash, createPrivateKey, createPublicKey, ECDH, sign, verify } from 'node:crypto'

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()

// privateKey reads the 64 hexadecimal digits of a P-256 key: they become a SEC 1 key in DER.
export function privateKey(hex) {
  const der = Buffer.from('30310201010420' + hex.replace(/^0x/, '') + 'a00a06082a8648ce3d030107', 'hex')
  return createPrivateKey({ key: der, format: 'der', type: 'sec1' })
}

// compressed returns the public key as the API names it: 0x, 02 or 03, and x.
export function compressed(key) {
  const { x, y } = createPublicKey(key).export({ format: 'jwk' })
  const odd = Buffer.from(y, 'base64url').at(-1) & 1
  return '0x' + (odd ? '03' : '02') + Buffer.from(x, 'base64url').toString('hex')
}

// publicKey reads a compressed public key.
export function publicKey(hex) {
  const point = ECDH.convertKey(hex.replace(/^0x/, ''), 'prime256v1', 'hex', null, 'uncompressed')
  const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

// signedHeaders signs a request. target is path and query as they go on the wire, body the bytes that are sent.
export function signedHeaders(key, method, target, body = '', seconds = Math.floor(Date.now() / 1000)) {
  const signature = sign('sha256', Buffer.from(seconds + method + target + body), key)
  return { 'X-Pubkey': compressed(key), 'X-Timestamp': String(seconds), 'X-Signature': '0x' + signature.toString('hex') }
}

// isSigned verifies a request signature.
export const isSigned = (pubkey, signature, seconds, method, target, body) =>
  verify('sha256', Buffer.from(seconds + method + target + body), publicKey(pubkey), Buffer.from(signature.replace(/^0x/, ''), 'hex'))

// challenge is what a passkey signs for a payload: the SHA-256 of bodyToSign, in hexadecimal, and those 64 characters as bytes.
export const challenge = (bodyToSign) => Buffer.from(sha256(bodyToSign).toString('hex')).toString('base64url')

// stamp is the webAuthnStamp of a browser's AuthenticationResponseJSON.
export const stamp = ({ id, response }) => JSON.stringify({
  credentialId: id,
  authenticatorData: response.authenticatorData,
  clientDataJson: response.clientDataJSON,
  signature: response.signature,
})

// rawField cuts the value of a field out of a JSON object, byte for byte: parsing and writing it again may change it.
export function rawField(json, name) {
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g
  let depth = 0, key = '', start = -1
  for (let found; (found = token.exec(json));) {
    const [text] = found
    if (start >= 0 && depth === 1 && (text === ',' || text === '}')) return json.slice(start, found.index).trim()
    if (depth === 1 && text[0] === '"' && start < 0) key = JSON.parse(text)
    if (depth === 1 && text === ':' && key === name && start < 0) start = token.lastIndex
    if (text === '{' || text === '[') depth++
    if (text === '}' || text === ']') depth--
  }
  throw new Error(`the response has no ${name}`)
}

// verifyWebhook returns the event of a delivery, or throws. headers have lower-case names; body is the bytes that came.
export function verifyWebhook(pubkey, headers, body, now = Date.now() / 1000) {
  const header = (name) => headers['x-byzantine-webhook-' + name] ?? ''
  const timestamp = header('timestamp')
  if (!/^[1-9][0-9]*$/.test(timestamp) || Math.abs(now - Number(timestamp)) > 300) throw new Error('the delivery is not recent')
  if (header('algorithm') !== 'ECDSA_P256_SHA256') throw new Error('the algorithm is unknown')
  const text = Buffer.concat([Buffer.from(`${header('delivery-id')}.${header('event-id')}.${timestamp}.`), Buffer.from(body)])
  const signature = Buffer.from(header('signature').replace(/^0x/, ''), 'hex')
  if (!verify('sha256', text, { key: publicKey(pubkey), dsaEncoding: 'ieee-p1363' }, signature)) throw new Error('the signature is wrong')
  const event = JSON.parse(body)
  if (event.id !== header('event-id')) throw new Error('the event is another one')
  return event
}

// Client calls the API.
export class Client {
  constructor(baseURL, key) { Object.assign(this, { baseURL, key }) }

  // call returns the text of a success, and throws an error with a status for anything else.
  async call(method, target, body = '', seconds = undefined) {
    const headers = signedHeaders(this.key, method, target, body, seconds)
    if (body) headers['Content-Type'] = 'application/json'
    const response = await fetch(this.baseURL + target, { method, headers, body: body || undefined, redirect: 'manual' })
    const text = await response.text()
    if (!response.ok) throw Object.assign(new Error(`${method} ${target}: ${response.status} ${text}`), { status: response.status })
    return text
  }
}
