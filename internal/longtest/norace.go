//go:build !race

package longtest

// Race says whether the race detector is on, which makes code allocate more, and the scheduler take goroutines in a random
// order.
const Race = false
