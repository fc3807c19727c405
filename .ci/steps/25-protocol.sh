# The programs of examples/protocol in Node, Python and bash, which speak the protocol without this module, against the
# sandbox and the vectors.

step protocol 2 protocol
protocol() {
	programs node:nodejs python3:python3 openssl:openssl curl:curl jq:jq
	# A package of Python's; without it the test fails where programs are required.
	python3 -c 'import cryptography' 2>/dev/null || ! command -v apt-get >/dev/null || apt-get install -y -qq --no-install-recommends python3-cryptography || true
	BYZANTINE_LONG_TESTS=1 go test -count=1 ./examples/protocol
}
