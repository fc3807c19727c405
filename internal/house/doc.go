// Package house holds the tests of the repository's layout, such as which package may import which, how long a file may
// be, and how error texts begin. docs/architecture.md describes the layout.
package house
