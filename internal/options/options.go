// Package options applies the options of a constructor or a call, for all packages in the same way.
package options

import "fmt"

// Apply applies the options in their order and returns the first error. The options after that are applied all the same,
// because one of them may have something to reset. A nil option is an error: it is more often a mistake than a wish for
// the default, and without an error a limit that somebody meant to set would be missing.
func Apply[Config any, Option ~func(Config) error](config Config, opts []Option) (first error) {
	for i, opt := range opts {
		err := error(nil)
		if opt == nil {
			err = fmt.Errorf("option %d is nil", i+1)
		} else {
			err = opt(config)
		}
		if first == nil {
			first = err
		}
	}
	return first
}
