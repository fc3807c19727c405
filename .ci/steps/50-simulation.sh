# Simulated worlds, and the promises that tests and worlds hold.

# The same 200 worlds each time, so that what fails is what changed, and eight of the faults that must be found in them,
# others every day. Fresh worlds are for `go run ./simulation/simulate -for 8h`.
step simulation 5 simulation
simulation() {
	go run ./simulation/simulate -seed 1 -worlds 200
	go run ./simulation/simulate -mutants -rotate 8
}

# The tests that docs/promises.md names exist, run and pass.
step promises 4 promises
promises() {
	programs openssl:openssl redis-server:redis-server initdb:postgresql softhsm2-util:softhsm2
	(cd tools && go test ./promises && go run ./promises .. docs/promises.md)
}
