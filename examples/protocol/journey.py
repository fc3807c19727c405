"""A login, a passkey and a deposit in the local sandbox. The environment is what byzantine sandbox prints."""

import json
import os
import time

import byzantine

base_url = os.environ["BYZANTINE_BASE_URL"]
api = byzantine.Client(base_url, byzantine.private_key(os.environ["BYZANTINE_PRIVATE_KEY"]))


def post(path, body):
    return json.loads(api.call("POST", path, json.dumps(body).encode()))


def control(method, path, body=None):
    """Drives the sandbox itself."""
    text = byzantine.send(method, f"{base_url}/_sandbox/api/{path}", b"" if body is None else json.dumps(body).encode())
    return json.loads(text) if text else None


user = control("POST", "users", {"email": "python@example.com"})["userId"]
account = control("POST", "accounts", {"userIds": [user]})["accountId"]
control("POST", f"accounts/{account}/activate", {"chains": [8453]})
control("POST", f"accounts/{account}/fund", {"chainId": 8453, "currency": "usdc", "amount": "1000"})

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

# A deposit, whose payload the passkey signs. signedBody goes out as it came.
order = {"accountId": account, "vaultAddr": "0xba5e0000000000000000000000000000000005dc", "amount": "100", "sourceCurrency": "usdc"}
text = api.call("POST", "/v1/query/get-deposit-payload-passkey?chain_id=8453", json.dumps(order).encode())
body_to_sign = byzantine.raw_field(text, "bodyToSign")
transaction = json.loads(text)["transactionId"]
request = {
    "challenge": byzantine.challenge(body_to_sign.encode()),
    "rpId": "example.com",
    "allowCredentials": [{"type": "public-key", "id": created["response"]["id"]}],
}
stamp = control("POST", "authenticators/python/get", {"options": request})["webAuthnStamp"]
signed = f'{{"signedBody":{body_to_sign},"transactionId":{json.dumps(transaction)},"webAuthnStamp":{json.dumps(stamp)}}}'
api.call("POST", "/v1/submit/sign-payload-passkey?chain_id=8453", signed.encode())

for _ in range(300):
    found = [t for t in json.loads(api.call("GET", f"/v1/query/get-transactions?accountId={account}")) if t["transactionId"] == transaction]
    if found and found[0]["status"] == "completed":
        break
    time.sleep(0.1)
else:
    raise SystemExit(f"the deposit is not completed: {found}")
print("the journey ends well")
