// Package house holds the tests of the repository's layout: which package may import which, and how long a file may be.
// docs/architecture.md describes the layout for people.
package house
