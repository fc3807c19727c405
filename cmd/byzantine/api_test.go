package main

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go"
)

// A call that goes wrong because it went to another host than was meant says so, and how to name the host.
func TestHints(t *testing.T) {
	unauthorized := fmt.Errorf("call: %w", byzantine.ErrUnauthorized)
	rejected := fmt.Errorf("call: %w", &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")})
	const local = "http://127.0.0.1:8787"
	for name, test := range map[string]struct {
		flag, env string
		err       error
		want      string
	}{
		"rejected by the default host":   {"", "", unauthorized, "; the call went to " + byzantine.SandboxURL + ": if another host was meant, name it with -base-url or BYZANTINE_BASE_URL"},
		"rejected by the host of a flag": {local, "", unauthorized, ""},
		"rejected by the environment's":  {"", local, unauthorized, ""},
		"nothing listens":                {"", local, rejected, "; nothing listens at " + local + ": byzantine sandbox starts a local sandbox, -base-url or BYZANTINE_BASE_URL names another host"},
		"the flag comes first":           {"http://127.0.0.1:1", local, rejected, "; nothing listens at http://127.0.0.1:1: byzantine sandbox starts a local sandbox, -base-url or BYZANTINE_BASE_URL names another host"},
		"another error":                  {"", "", byzantine.ErrNotFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := apiFlags{baseURL: test.flag}
			assert.Equal(t, test.want, a.hint(func(string) string { return test.env }, test.err))
		})
	}
}
