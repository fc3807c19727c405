package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		if os.Getenv("BYZANTINE_REQUIRE_PROGRAMS") != "" {
			t.Fatal("bash is missing")
		}
		t.Skip("bash is missing")
	}
	status, script, stderr := runWith(t, nil, "", "completion", "bash")
	require.Equal(t, exitDone, status, stderr)
	for line, want := range map[string]string{
		"byzantine sand":                                       "sandbox",
		"byzantine webhook ver":                                "verify",
		"byzantine call init_":                                 "init_otp",
		"byzantine operations health":                          "health_check",
		"byzantine help keyg":                                  "keygen",
		"byzantine call init_otp us":                           "userId=",
		"byzantine call create_individual_account userInfo.fi": "userInfo.firstName=",
		"byzantine trigger customer.act":                       "customer.active",
		"byzantine call health_check x":                        "",
	} {
		command := exec.CommandContext(t.Context(), bash, "--norc", "-c",
			script+"\nCOMP_WORDS=("+line+"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _byzantine; printf %s \"${COMPREPLY[*]}\"")
		out, err := command.Output()
		require.NoError(t, err, line)
		assert.Equal(t, want, string(out), line)
	}
	status, _, _ = runWith(t, nil, "", "completion", "fish")
	assert.Equal(t, exitInvalid, status)
}
