//go:build !race

package longtest

// Race says that the race detector is on. It makes code allocate more, and the scheduler take goroutines in a random order.
const Race = false
