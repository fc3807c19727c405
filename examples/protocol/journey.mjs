// A customer's life in the local sandbox, in plain Node: code, passkey, activation, deposits, a bank transfer, a second
// user, a queued withdrawal, a webhook, a fault. BYZANTINE_BASE_URL and BYZANTINE_PRIVATE_KEY are those that byzantine sandbox prints.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { challenge, Client, privateKey, rawField, stamp, verifyWebhook } from './byzantine.mjs'

const baseURL = process.env.BYZANTINE_BASE_URL
const api = new Client(baseURL, privateKey(process.env.BYZANTINE_PRIVATE_KEY))
const post = async (path, body) => JSON.parse(await api.call('POST', path, JSON.stringify(body)))
const get = async (path) => JSON.parse(await api.call('GET', path))

// control drives the sandbox itself.
async function control(method, path, body) {
  const response = await fetch(`${baseURL}/_sandbox/api/${path}`, { method, body: body && JSON.stringify(body) })
  const text = await response.text()
  assert.ok(response.ok, `${method} ${path}: ${text}`)
  return text ? JSON.parse(text) : undefined
}

const base = 8453, ethereum = 1
const savings = '0xba5e0000000000000000000000000000000005dc' // on Base
const term = '0xe7400000000000000000000000000000000305dc' // on Ethereum; it queues withdrawals

// An account with money. The clock runs with this machine's until it is advanced.
const { userId } = await control('POST', 'users', { email: `node+${crypto.randomUUID()}@example.com` })
const { accountId } = await control('POST', 'accounts', { userIds: [userId] })
await control('POST', `accounts/${accountId}/fund`, { chainId: base, currency: 'usdc', amount: '1000' })
await control('POST', `accounts/${accountId}/fund`, { chainId: ethereum, currency: 'usdc', amount: '1000' })

// The webhook comes to a server of ours.
const received = []
const receiver = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
    received.push({ headers: request.headers, body: Buffer.concat(chunks) })
    response.writeHead(204).end()
  })
}).listen(0, '127.0.0.1')
await once(receiver, 'listening')
const hook = await post('/v1/webhooks/subscriptions', { url: `http://127.0.0.1:${receiver.address().port}/` })

// A one-time code, which the sandbox's mailbox has.
const { otpId } = await post('/v1/submit/init-otp', { accountId, userId })
const { mails: [{ code }] } = await control('GET', `mailbox?otpId=${otpId}&wait=10s`)
const { sessionId } = await post('/v1/submit/otp-auth', { accountId, userId, otpId, otpCode: code })

// A passkey of the sandbox's software authenticator, in place of a browser's.
const { response, authenticator } = await control('POST', 'authenticators/node/create', {
  options: {
    rp: { id: 'example.com', name: 'Example' }, user: { id: 'bm9kZQ', name: 'node', displayName: 'Node' },
    challenge: 'AAECAwQFBgcICQoLDA0ODw', pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
  },
})
await post('/v1/submit/create-authenticators-otp', { sessionId, accountId, userId, authenticators: [authenticator] })

// sign asks for a payload and has the passkey sign it. The result is the payload, and the fields that go out with it as JSON.
async function sign(path, body) {
  const text = await api.call('POST', path, JSON.stringify(body))
  const bodyToSign = rawField(text, 'bodyToSign')
  const { response: assertion } = await control('POST', 'authenticators/node/get', {
    options: { challenge: challenge(bodyToSign), rpId: 'example.com', allowCredentials: [{ type: 'public-key', id: response.id }] },
  })
  return { payload: JSON.parse(text), signed: `"signedBody":${bodyToSign},"webAuthnStamp":${JSON.stringify(stamp(assertion))}` }
}

// submit has a transaction signed and sends it.
async function submit(path, body) {
  const { payload, signed } = await sign(path, body)
  const transactionId = JSON.stringify(payload.transactionId)
  return JSON.parse(await api.call('POST', `/v1/submit/sign-payload-passkey?${path.split('?')[1]}`, `{${signed},"transactionId":${transactionId}}`))
}
const transaction = async (id) => (await get(`/v1/query/get-transactions?accountId=${accountId}`)).find((t) => t.transactionId === id)

// wait asks until a transaction has a status. The sandbox takes two seconds for each step.
async function wait(id, status) {
  for (let tries = 0; ; tries++) {
    const found = await transaction(id)
    if (found?.status === status) return found
    assert.ok(tries < 300, `the transaction is ${found?.status}, not ${status}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

// Activation on both chains, and a deposit on Base.
for (const chain of [base, ethereum]) await submit(`/v1/query/get-activate-account-payload-passkey?chain_id=${chain}`, { accountId })
const activated = async () => (await get(`/v1/query/get-account-details?accountId=${accountId}`)).walletDetails.isSmartAccount
for (let tries = 0; !((await activated()).base && (await activated()).ethereum); tries++) {
  assert.ok(tries < 300, 'the account is not activated')
  await new Promise((resolve) => setTimeout(resolve, 100))
}
const deposit = await submit(`/v1/query/get-deposit-payload-passkey?chain_id=${base}`, { accountId, vaultAddr: savings, amount: '100', sourceCurrency: 'usdc' })
await wait(deposit.transactionId, 'completed')

// A deposit in dollars waits until the bank transfer arrives.
const fiat = await submit(`/v1/query/get-deposit-payload-passkey?chain_id=${base}`, { accountId, vaultAddr: savings, amount: '50', sourceCurrency: 'usd' })
assert.equal(fiat.status, 'waiting_for_funds')
await control('POST', `accounts/${accountId}/fund`, { chainId: base, currency: 'usd', amount: '50' })
await wait(fiat.transactionId, 'completed')

// A second user, who is invited and becomes a root user: then a passkey of hers can sign as well.
const invitee = { firstName: 'Grace', lastName: 'Hopper', userEmail: `grace+${crypto.randomUUID()}@example.com` }
const invitation = await sign('/v1/query/get-invite-users-payload-passkey', { accountId, newUsers: [invitee] })
const invited = await api.call('POST', '/v1/submit/invite-users', `{${invitation.signed},"invitedBy":"${userId}"}`)
const { newUsers: [{ userId: second }] } = JSON.parse(invited)
const { otpId: herOtpId } = await post('/v1/submit/init-otp', { accountId, userId: second })
const { mails: [{ code: herCode }] } = await control('GET', `mailbox?otpId=${herOtpId}&wait=10s`)
await post('/v1/submit/otp-auth', { accountId, userId: second, otpId: herOtpId, otpCode: herCode })
const role = await sign('/v1/query/get-update-users-role-payload-passkey', { accountId, role: 'root', userIds: [second] })
await api.call('POST', '/v1/submit/update-users-role', `{${role.signed}}`)
const { users } = await get(`/v1/query/get-account-details?accountId=${accountId}`)
assert.equal(users.find((user) => user.userId === second).role, 'root')

// A fault: the next request takes effect, but its response is lost. What is not a GET is looked up before it is repeated.
await control('POST', 'faults', { operationId: 'create_credential', reset: true, takesEffect: true })
const label = `lost ${crypto.randomUUID()}`
await assert.rejects(post('/v1/integrator/credentials', { label }))
const { credentials } = await get('/v1/integrator/credentials')
assert.equal(credentials.filter((c) => c.label === label).length, 1)

// The webhooks so far are genuine, and a changed body is not.
await control('POST', 'webhooks/deliver')
assert.ok(received.length > 0, 'no webhook came')
const { now } = await control('GET', 'clock')
for (const { headers, body } of received) {
  verifyWebhook(hook.publicKey, headers, body, Date.parse(now) / 1000)
  assert.throws(() => verifyWebhook(hook.publicKey, headers, body + ' ', Date.parse(now) / 1000))
}

// A withdrawal that the vault queues is paid by the clock. Signatures are dated by this machine, so the sandbox's clock is
// set back before the next request.
const last = await submit(`/v1/query/get-deposit-payload-passkey?chain_id=${ethereum}`, { accountId, vaultAddr: term, amount: '200', sourceCurrency: 'usdc' })
await wait(last.transactionId, 'completed')
const queued = await submit(`/v1/query/get-withdraw-payload-passkey?chain_id=${ethereum}`, { accountId, vaultAddr: term, amount: '50', destinationCurrency: 'usdc' })
assert.equal(queued.status, 'withdrawal_initiated')
await control('POST', 'clock/advance', { duration: '2h' })
await control('POST', 'clock/set', { now: new Date().toISOString() })
assert.equal((await transaction(queued.transactionId)).status, 'completed')

receiver.close()
receiver.closeAllConnections()
console.log('the journey ends well')
