// Package keyenv knows the environment's variables for the integrator's private key and the API's host, for the client
// and for the command.
package keyenv

import "fmt"

// The variables that may hold the key. Alias is the name in Byzantine's own examples.
const (
	Name  = "BYZANTINE_PRIVATE_KEY"
	Alias = "INTEGRATOR_PRIVATE_KEY"
)

// BaseURL is the variable that may hold the API's scheme and host.
const BaseURL = "BYZANTINE_BASE_URL"

// Read returns the key that stands in the environment, or the zero K if there is none. Both variables may be set if they
// hold the same key, in whichever spelling. An error names the variable and never repeats its value if parse does not.
func Read[K interface{ PublicKeyHex() string }](getenv func(string) string, parse func(string) (K, error)) (key K, err error) {
	var found string
	for _, name := range []string{Name, Alias} {
		text := getenv(name)
		if text == "" {
			continue
		}
		this, err := parse(text)
		switch {
		case err != nil:
			return *new(K), fmt.Errorf("%s: %w", name, err)
		case found != "" && this.PublicKeyHex() != key.PublicKeyHex():
			return *new(K), fmt.Errorf("%s and %s hold different keys: unset one", found, name)
		}
		key, found = this, name
	}
	return key, nil
}
