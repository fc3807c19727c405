# The tests of all modules with the race detector and the real programs.

step race 8 race_root
race_root() {
	programs curl:curl openssl:openssl
	# Without the slowest tests, which the step readme runs: the race detector takes several times as long.
	go test $(race) -short -timeout 25m ./...
}

# Every nested module but those with steps of their own: stores, signers, adapters, and examples that need them.
step nested 4 nested
nested() {
	programs redis-server:redis-server initdb:postgresql pgbouncer:pgbouncer softhsm2-util:softhsm2 promtool:prometheus
	local list
	list=$(modules | grep -vxE '\.|\./(e2e|tools|simulation)')
	each "$list" go test $(race) ./...
}

step e2e 7 e2e
e2e() {
	programs chromium:chromium
	npm_packages
	each ./e2e go test $(race) ./...
}
