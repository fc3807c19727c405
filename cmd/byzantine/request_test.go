package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// A zero in a query is sent: the library takes it for a field that is not set, but the API may tell it from one.
func TestZeroArgumentsAreSent(t *testing.T) {
	const account = "11111111-2222-4333-8444-555555555555"
	for id, test := range map[string]struct {
		args []string
		want string
	}{
		"list_events":          {[]string{"limit=0"}, "/v1/query/events?limit=0"},
		"list_deliveries":      {[]string{"limit=5", "offset=0"}, "/v1/webhooks/deliveries?limit=5&offset=0"},
		"get_all_invitations":  {[]string{"order=asc"}, "/v1/query/get-all-invitations?order=asc"},
		"get_account_balances": {[]string{"accountId=" + account, "includeTestVaults=false"}, "/v1/query/get-account-balances?accountId=" + account + "&includeTestVaults=false"},
	} {
		t.Run(id, func(t *testing.T) {
			op, err := operation(id)
			require.NoError(t, err)
			request, err := buildRequest(&process{}, op, test.args, nil)
			require.NoError(t, err)
			assert.Equal(t, test.want, request.PathAndQuery)
		})
	}
}

// call takes every name exactly as operations lists it, at any depth.
func TestNamesOfOperationsAreThoseOfCall(t *testing.T) {
	for op := range byzantine.Operations() {
		for _, f := range fieldsOf(op) {
			a, err := parseArgument(&process{}, f.Name+":=null")
			require.NoError(t, err)
			steps, err := parsePath(a.name)
			require.NoError(t, err, f.Name)
			_, _, err = fieldAt(op, reflect.TypeOf(op.NewRequest()).Elem(), a.name, steps)
			assert.NoError(t, err, "%s %s", op.ID, f.Name)
		}
	}
}

// The pages show commands that the command line takes.
func TestCallsInDocsHaveTheNamesOfTheAPI(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	count := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, line := range regexp.MustCompile(`(?m)^byzantine call .*`).FindAllString(string(text), -1) {
			count++
			command, _, _ := strings.Cut(line, "  #")
			words := strings.Fields(command)[2:]
			op, err := operation(words[0])
			if !assert.NoError(t, err, "%s: %s", page, line) {
				continue
			}
			for _, word := range words[1:] {
				name, _, isField := strings.Cut(word, "=")
				if !isField {
					continue
				}
				steps, err := parsePath(strings.TrimSuffix(name, ":"))
				require.NoError(t, err, "%s: %s", page, line)
				_, _, err = fieldAt(op, reflect.TypeOf(op.NewRequest()).Elem(), name, steps)
				assert.NoError(t, err, "%s: %s", page, line)
			}
		}
	}
	assert.NotZero(t, count)
}
