//go:build race

package simulation

// raceEnabled says that the race detector is on, with which the scheduler takes goroutines in a random order on purpose.
const raceEnabled = true
