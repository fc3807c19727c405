"""Holds byzantine.py against the vectors: python3 vectors.py FOLDER"""

import json
import sys

import byzantine


def read(name):
    with open(f"{sys.argv[1]}/{name}.json", encoding="utf-8") as file:
        return json.load(file)["vectors"]


def check(holds, vector):
    if not holds:
        sys.exit(f"a vector does not hold: {vector}")


count = 0
for v in read("requests"):
    for body, expected in ((v["body"], True), (v["body"] + " ", False)):
        signed = byzantine.is_signed(v["publicKey"], v["signature"], v["timestamp"], v["method"], v["pathAndQuery"], body.encode())
        check(signed == expected, v["name"])
    count += 1
for v in read("keys"):
    key = byzantine.private_key(v["privateKey"])
    check(byzantine.compressed(key) == v["publicKey"], v["publicKey"])
    headers = byzantine.signed_headers(key, "GET", "/v1/health", seconds=1760375826)
    check(byzantine.is_signed(v["publicKey"], headers["X-Signature"], 1760375826, "GET", "/v1/health", b""), v["publicKey"])
    count += 1
for v in read("challenges"):
    check(byzantine.challenge(v["bodyToSign"].encode()) == v["challenge"], v["name"])
    count += 1
for v in read("webhooks"):
    try:
        byzantine.verify_webhook(v["publicKey"], v["headers"], v["body"].encode(), v["now"])
        valid = True
    except ValueError:
        valid = False
    check(valid == v["valid"], v["name"])
    count += 1
print(f"{count} vectors hold")
