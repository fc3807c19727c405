#!/usr/bin/env bash
# Holds byzantine.sh against the vectors (bash journey.sh [FOLDER]) and calls the local sandbox. The environment is what
# byzantine sandbox prints. jq reads JSON.
set -euo pipefail
. "$(dirname "$0")/byzantine.sh"
vectors=${1:-$(dirname "$0")/../../testdata/vectors}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
count=0
field() { jq -j ".vectors[$2].$3" "$vectors/$1.json"; }
fail() { echo "a vector does not hold: $*" >&2; exit 1; }

if [ -d "$vectors" ]; then
	for ((i = 0; i < $(jq '.vectors | length' "$vectors/requests.json"); i++)); do
		public_key "$(field requests $i publicKey)" "$tmp/public"
		field requests $i signature | cut -c3- | tr -d '\n' | unhex >"$tmp/signature"
		{ field requests $i timestamp; field requests $i method; field requests $i pathAndQuery; field requests $i body; } >"$tmp/text"
		openssl dgst -sha256 -verify "$tmp/public" -signature "$tmp/signature" "$tmp/text" >/dev/null || fail "request $i"
		count=$((count + 1))
	done
	for ((i = 0; i < $(jq '.vectors | length' "$vectors/keys.json"); i++)); do
		private_key "$(field keys $i privateKey)" "$tmp/private"
		[ "$(compressed "$tmp/private")" = "$(field keys $i publicKey)" ] || fail "key $i"
		count=$((count + 1))
	done
	for ((i = 0; i < $(jq '.vectors | length' "$vectors/challenges.json"); i++)); do
		field challenges $i bodyToSign >"$tmp/body"
		[ "$(challenge "$tmp/body")" = "$(field challenges $i challenge)" ] || fail "challenge $i"
		count=$((count + 1))
	done
	for ((i = 0; i < $(jq '.vectors | length' "$vectors/webhooks.json"); i++)); do
		header() { field webhooks $i "headers[\"x-byzantine-webhook-$1\"]"; }
		field webhooks $i body >"$tmp/body"
		valid=true
		verify_webhook "$(field webhooks $i publicKey)" "$(header delivery-id)" "$(header event-id)" "$(header timestamp)" \
			"$(header algorithm)" "$(header signature)" "$tmp/body" "$(field webhooks $i now)" "$tmp" || valid=false
		[ $valid = "$(field webhooks $i valid)" ] || fail "webhook $i"
		count=$((count + 1))
	done
	echo "$count vectors hold"
else
	echo "no vectors in $vectors: they are not checked"
fi

private_key "$BYZANTINE_PRIVATE_KEY" "$tmp/key"
call "$tmp/key" GET /v1/integrator/whoami | jq -e '.accessScope == "read_write"' >/dev/null
printf '{"label":"shell"}' >"$tmp/body"
call "$tmp/key" POST /v1/integrator/credentials "$tmp/body" | jq -e '.pubkey | startswith("0x0")' >/dev/null
printf '{"label":' >"$tmp/body"
! call "$tmp/key" POST /v1/integrator/credentials "$tmp/body" >/dev/null 2>&1
echo "the journey ends well"
