"""The protocol of the Byzantine API in Python, with the package cryptography. docs/protocol.md explains it."""

import base64
import hashlib
import json
import re
import time
import urllib.error
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

ES256 = ec.ECDSA(hashes.SHA256())


def private_key(digits):
    """Reads the 64 hexadecimal digits of a P-256 key."""
    return ec.derive_private_key(int(digits.removeprefix("0x"), 16), ec.SECP256R1())


def compressed(key):
    """The public key as the API names it: 0x, 02 or 03, and x."""
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    return "0x" + point.hex()


def public_key(digits):
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(digits.removeprefix("0x")))


def signed_headers(key, method, target, body=b"", seconds=None):
    """Signs a request: target is path and query as they go on the wire, body the bytes that are sent."""
    seconds = str(int(time.time()) if seconds is None else seconds)
    signature = key.sign((seconds + method + target).encode() + body, ES256)
    return {"X-Pubkey": compressed(key), "X-Timestamp": seconds, "X-Signature": "0x" + signature.hex()}


def is_signed(pubkey, signature, seconds, method, target, body):
    """Verifies a request signature."""
    try:
        public_key(pubkey).verify(bytes.fromhex(signature.removeprefix("0x")), (str(seconds) + method + target).encode() + body, ES256)
        return True
    except InvalidSignature:
        return False


def challenge(body_to_sign):
    """What a passkey signs for a payload: the SHA-256 of bodyToSign, in hexadecimal, those 64 characters as bytes."""
    digits = hashlib.sha256(body_to_sign).hexdigest().encode()
    return base64.urlsafe_b64encode(digits).rstrip(b"=").decode()


def raw_field(text, name):
    """Cuts the value of a field out of a JSON object, character for character: writing it again may change it."""
    depth, key, start = 0, "", -1
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', text):
        word = token.group()
        if start >= 0 and depth == 1 and word in ",}":
            return text[start : token.start()].strip()
        if depth == 1 and word[0] == '"' and start < 0:
            key = json.loads(word)
        if depth == 1 and word == ":" and key == name and start < 0:
            start = token.end()
        depth += word in "{["
        depth -= word in "}]"
    raise ValueError("the response has no " + name)


def stamp(response):
    """The webAuthnStamp of a browser's AuthenticationResponseJSON."""
    inner = response["response"]
    fields = {"credentialId": response["id"], "authenticatorData": inner["authenticatorData"]}
    return json.dumps(fields | {"clientDataJson": inner["clientDataJSON"], "signature": inner["signature"]})


def verify_webhook(pubkey, headers, body, now=None):
    """Returns the event of a delivery, or raises ValueError. headers have lower-case names; body is the bytes that came."""
    header = lambda name: headers.get("x-byzantine-webhook-" + name, "")
    timestamp = header("timestamp")
    if not re.fullmatch("[1-9][0-9]*", timestamp) or abs((time.time() if now is None else now) - int(timestamp)) > 300:
        raise ValueError("the delivery is not recent")
    if header("algorithm") != "ECDSA_P256_SHA256":
        raise ValueError("the algorithm is unknown")
    signature = bytes.fromhex(header("signature").removeprefix("0x"))
    if len(signature) != 64:
        raise ValueError("the signature has another length")
    der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    text = ".".join([header("delivery-id"), header("event-id"), timestamp, ""]).encode() + body
    try:
        public_key(pubkey).verify(der, text, ES256)
    except InvalidSignature:
        raise ValueError("the signature is wrong") from None
    event = json.loads(body)
    if event["id"] != header("event-id"):
        raise ValueError("the event is another one")
    return event


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


opener = urllib.request.build_opener(NoRedirects)


def send(method, url, body=b"", headers={}, timeout=30):
    """Returns the text of a success; anything else is an HTTPError with the text of the response in its message. It is an
    OSError too: catch it before OSError, which is a timeout or a broken connection. timeout is in seconds."""
    headers = dict(headers)
    if body:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data=body or None, headers=headers, method=method)
    try:
        with opener.open(request, timeout=timeout) as response:
            return response.read().decode()
    except urllib.error.HTTPError as error:
        error.msg += ": " + error.read().decode()
        raise


class Client:
    """Calls the API."""

    def __init__(self, base_url, key, timeout=30):
        self.base_url, self.key, self.timeout = base_url, key, timeout

    def call(self, method, target, body=b"", seconds=None):
        return send(method, self.base_url + target, body, signed_headers(self.key, method, target, body, seconds), self.timeout)
