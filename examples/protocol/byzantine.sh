# The protocol of the Byzantine API for bash, with openssl and curl. docs/protocol.md explains it. Source this file.

hex() { od -An -v -tx1 | tr -d ' \n'; }
unhex() { local digits; digits=$(cat) && printf '%b' "$(sed 's/../\\x&/g' <<<"$digits")"; }

# private_key DIGITS FILE writes a key of 64 hexadecimal digits as PEM: they become a SEC 1 key in DER.
private_key() {
	(umask 077 && printf '30310201010420%sa00a06082a8648ce3d030107' "${1#0x}" | unhex | openssl ec -inform DER -out "$2" 2>/dev/null)
}

# compressed KEYFILE prints the public key as the API names it: 0x, 02 or 03, and x.
compressed() {
	printf '0x'
	openssl ec -in "$1" -pubout -conv_form compressed -outform DER 2>/dev/null | tail -c 33 | hex
}

# public_key DIGITS FILE writes a compressed public key as PEM.
public_key() {
	printf '3039301306072a8648ce3d020106082a8648ce3d030107032200%s' "${1#0x}" | unhex | openssl pkey -pubin -inform DER -out "$2"
}

# signature KEYFILE SECONDS METHOD TARGET BODYFILE prints the signature of a request.
signature() {
	printf '0x'
	{ printf '%s%s%s' "$2" "$3" "$4" && cat "$5"; } | openssl dgst -sha256 -sign "$1" | hex
}

# call KEYFILE METHOD TARGET [BODYFILE] calls the API and prints the body of a success. Everything else is a failure.
call() {
	local body=${4:-/dev/null} now
	now=$(date +%s)
	set -- "$1" "$2" "$3" -sS --fail-with-body --noproxy '*' -X "$2" -H "X-Pubkey: $(compressed "$1")" -H "X-Timestamp: $now" \
		-H "X-Signature: $(signature "$1" "$now" "$2" "$3" "$body")"
	[ "$body" = /dev/null ] || set -- "$@" -H 'Content-Type: application/json' --data-binary "@$body"
	curl "${@:4}" "$BYZANTINE_BASE_URL$3"
}

# challenge BODYFILE prints what a passkey signs for a payload: the hexadecimal SHA-256 of bodyToSign in unpadded base64url.
challenge() {
	openssl dgst -sha256 -r "$1" | cut -c1-64 | tr -d '\n' | openssl base64 -A | tr '+/' '-_' | tr -d '='
}

# verify_webhook PUBKEY DELIVERY EVENT TIMESTAMP ALGORITHM SIGNATURE BODYFILE NOW [FOLDER] succeeds for a genuine delivery.
# The signature's r and s become DER, which openssl reads.
verify_webhook() {
	local digits=${6#0x} dir=${9:-.}
	[[ $4 =~ ^[1-9][0-9]*$ && $5 = ECDSA_P256_SHA256 && $digits =~ ^[0-9a-fA-F]{128}$ ]] || return 1
	[ $(($8 - $4)) -le 300 ] && [ $(($4 - $8)) -le 300 ] || return 1
	printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "${digits:0:64}" "${digits:64}" >"$dir/asn1"
	openssl asn1parse -genconf "$dir/asn1" -noout -out "$dir/der" && public_key "$1" "$dir/pem" || return 1
	{ printf '%s.%s.%s.' "$2" "$3" "$4" && cat "$7"; } | openssl dgst -sha256 -verify "$dir/pem" -signature "$dir/der" >/dev/null 2>&1
}
