"""A customer's life in the local sandbox, in plain Python: onboarding, code, passkey, activation, deposits, a bank transfer,
a second user, a queued withdrawal, a webhook, a fault. BYZANTINE_BASE_URL and BYZANTINE_PRIVATE_KEY are those that byzantine sandbox prints."""

import datetime
import http.client
import http.server
import json
import os
import threading
import uuid

import byzantine

base_url = os.environ["BYZANTINE_BASE_URL"]
api = byzantine.Client(base_url, byzantine.private_key(os.environ["BYZANTINE_PRIVATE_KEY"]))


def control(method, path, body=None):
    """Drives the sandbox itself."""
    text = byzantine.send(method, f"{base_url}/_sandbox/api/{path}", b"" if body is None else json.dumps(body).encode())
    return json.loads(text) if text else None


def seconds():
    """The sandbox's time, which signatures are dated by because this program moves the clock."""
    return int(datetime.datetime.fromisoformat(control("GET", "clock")["now"]).timestamp())


def post(path, body):
    return json.loads(api.call("POST", path, json.dumps(body).encode(), seconds()))


def get(path):
    return json.loads(api.call("GET", path, seconds=seconds()))


BASE, ETHEREUM = 8453, 1
SAVINGS = "0xba5e0000000000000000000000000000000005dc"  # on Base
TERM = "0xe7400000000000000000000000000000000305dc"  # on Ethereum; it queues withdrawals

# The webhooks come to a server of ours.
received = []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
hook = post("/v1/webhooks/subscriptions", {"url": f"http://127.0.0.1:{receiver.server_port}/"})

# A customer, whom the sandbox approves at once, with money.
person = {"firstName": "Ada", "lastName": "Lovelace", "email": f"ada+{uuid.uuid4()}@example.com"}
customer = post(
    "/v1/submit/create-individual-account",
    {"userInfo": person, "rootUsers": [person], "byzantineTermsSignedAt": "2026-09-01T12:00:00Z"},
)
account, user = customer["accountId"], customer["rootUsers"][0]["userId"]
control("POST", f"accounts/{account}/fund", {"chainId": BASE, "currency": "usdc", "amount": "1000"})
control("POST", f"accounts/{account}/fund", {"chainId": ETHEREUM, "currency": "usdc", "amount": "1000"})

# A one-time code, which the sandbox's mailbox has.
otp = post("/v1/submit/init-otp", {"accountId": account, "userId": user})["otpId"]
code = control("GET", f"mailbox?otpId={otp}&wait=10s")["mails"][0]["code"]
session = post("/v1/submit/otp-auth", {"accountId": account, "userId": user, "otpId": otp, "otpCode": code})["sessionId"]

# A passkey of the sandbox's software authenticator, in place of a browser's.
options = {
    "rp": {"id": "example.com", "name": "Example"},
    "user": {"id": "cHl0aG9u", "name": "python", "displayName": "Python"},
    "challenge": "AAECAwQFBgcICQoLDA0ODw",
    "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
}
created = control("POST", "authenticators/python/create", {"options": options})
passkey = {"sessionId": session, "accountId": account, "userId": user, "authenticators": [created["authenticator"]]}
post("/v1/submit/create-authenticators-otp", passkey)


def sign(path, order):
    """Asks for a payload and has the passkey sign it. signedBody goes out as it came."""
    text = api.call("POST", path, json.dumps(order).encode(), seconds())
    body_to_sign = byzantine.raw_field(text, "bodyToSign")
    request = {
        "challenge": byzantine.challenge(body_to_sign.encode()),
        "rpId": "example.com",
        "allowCredentials": [{"type": "public-key", "id": created["response"]["id"]}],
    }
    assertion = control("POST", "authenticators/python/get", {"options": request})["response"]
    return json.loads(text), f'"signedBody":{body_to_sign},"webAuthnStamp":{json.dumps(byzantine.stamp(assertion))}'


def send_signed(path, signed, **more):
    """Sends what sign has returned, with further fields."""
    fields = "".join(f",{json.dumps(name)}:{json.dumps(value)}" for name, value in more.items())
    return json.loads(api.call("POST", path, f"{{{signed}{fields}}}".encode(), seconds()))


def submit(route, chain, order):
    """Has a transaction signed and sends it."""
    payload, signed = sign(f"/v1/query/{route}?chain_id={chain}", order)
    return send_signed(f"/v1/submit/sign-payload-passkey?chain_id={chain}", signed, transactionId=payload["transactionId"])


def status(transaction):
    return get(f"/v1/query/get-transaction?transactionId={transaction['transactionId']}")["status"]


# Activation on both chains, and a deposit on Base. The clock does not have to be waited for.
for chain in (BASE, ETHEREUM):
    submit("get-activate-account-payload-passkey", chain, {"accountId": account})
control("POST", "clock/advance", {"duration": "1m"})
order = {"accountId": account, "vaultAddr": SAVINGS, "amount": "100", "sourceCurrency": "usdc"}
deposit = submit("get-deposit-payload-passkey", BASE, order)
control("POST", "clock/advance", {"duration": "1m"})
assert status(deposit) == "completed", status(deposit)

# A deposit in dollars waits until the bank transfer arrives.
fiat = submit("get-deposit-payload-passkey", BASE, order | {"amount": "50", "sourceCurrency": "usd"})
assert fiat["status"] == "waiting_for_funds", fiat
control("POST", f"accounts/{account}/fund", {"chainId": BASE, "currency": "usd", "amount": "50"})
control("POST", "clock/advance", {"duration": "1m"})
assert status(fiat) == "completed", status(fiat)

# A withdrawal that the vault queues is paid after an hour.
order = {"accountId": account, "vaultAddr": TERM}
submit("get-deposit-payload-passkey", ETHEREUM, order | {"amount": "200", "sourceCurrency": "usdc"})
control("POST", "clock/advance", {"duration": "1m"})
queued = submit("get-withdraw-payload-passkey", ETHEREUM, order | {"amount": "50", "destinationCurrency": "usdc"})
assert queued["status"] == "withdrawal_initiated", queued
control("POST", "clock/advance", {"duration": "2h"})
assert status(queued) == "completed", status(queued)

# A second user, who is invited and becomes a root user: then a passkey of hers can sign as well.
invitee = {"firstName": "Grace", "lastName": "Hopper", "userEmail": f"grace+{uuid.uuid4()}@example.com"}
_, signed = sign("/v1/query/get-invite-users-payload-passkey", {"accountId": account, "newUsers": [invitee]})
invited = send_signed("/v1/submit/invite-users", signed, invitedBy=user)
second = invited["newUsers"][0]["userId"]
hers = {"accountId": account, "userId": second}
hers["otpId"] = post("/v1/submit/init-otp", hers)["otpId"]
code = control("GET", f"mailbox?otpId={hers['otpId']}&wait=10s")["mails"][0]["code"]
post("/v1/submit/otp-auth", hers | {"otpCode": code})
_, signed = sign("/v1/query/get-update-users-role-payload-passkey", {"accountId": account, "role": "root", "userIds": [second]})
send_signed("/v1/submit/update-users-role", signed)
roles = {one["userId"]: one["role"] for one in get(f"/v1/query/get-account-details?accountId={account}")["users"]}
if roles[second] != "root":
    raise SystemExit(f"the second user is {roles[second]}")

# A fault: the next request takes effect, but its response is lost. What is not a GET is looked up before it is repeated.
control("POST", "faults", {"operationId": "create_credential", "reset": True, "takesEffect": True})
label = f"lost {uuid.uuid4()}"
try:
    post("/v1/integrator/credentials", {"label": label})
    raise SystemExit("the fault was not met")
except (OSError, http.client.HTTPException):
    pass
labels = [credential["label"] for credential in get("/v1/integrator/credentials")["credentials"]]
assert labels.count(label) == 1, labels

# The webhook of another event is genuine, and a changed body is not.
received.clear()
control("POST", "webhooks/trigger", {"eventType": "customer.rejected"})
headers, body = received[0]
assert byzantine.verify_webhook(hook["publicKey"], headers, body, seconds())["type"] == "customer.rejected"
try:
    byzantine.verify_webhook(hook["publicKey"], headers, body + b" ", seconds())
    raise SystemExit("a changed body was accepted")
except ValueError:
    pass

# The next program finds the clock as it was.
control("POST", "clock/set", {"now": datetime.datetime.now(datetime.timezone.utc).isoformat()})
receiver.shutdown()
print("the journey ends well")
