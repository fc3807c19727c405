# The tests of all modules with the race detector and the real programs.

step race 8 race_root
race_root() {
	programs curl:curl openssl:openssl
	go test $(race) -timeout 25m ./...
}

# Some tests are brief by default. Here they run at full length, without the race detector, which takes several times as
# long. Packages without such tests do not read the variable, and their results come from the cache of the step readme.
step long 6 long
long() { BYZANTINE_LONG_TESTS=1 go test -timeout 25m ./...; }

# Every nested module but those with steps of their own: stores, signers, adapters, and examples that need them.
step nested 4 nested
nested() {
	programs redis-server:redis-server initdb:postgresql pgbouncer:pgbouncer softhsm2-util:softhsm2 promtool:prometheus
	local list
	list=$(modules | grep -vxE '\.|\./(e2e|tools|simulation)')
	BYZANTINE_LONG_TESTS=1 each "$list" go test $(race) ./...
}

step e2e 7 e2e
e2e() {
	programs chromium:chromium
	npm_packages
	BYZANTINE_LONG_TESTS=1 each ./e2e go test $(race) ./...
}
