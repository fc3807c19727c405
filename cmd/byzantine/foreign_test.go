package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

var updateDocs = flag.Bool("update-docs", false, "write the table of foreign accounts in docs/behaviour.md instead of comparing with it")

// What each operation says of an account of another integrator, and of one that does not exist, tried out with the examples
// of the command.
func TestBehaviourPageHasForeignAccounts(t *testing.T) {
	const id = "11111111-2222-4333-8444-555555555555" // of the examples
	foreign, empty := byzantinetest.NewServer(), byzantinetest.NewServer()
	defer foreign.Close()
	defer empty.Close()
	foreign.AddAccount(byzantinetest.Account{ID: id, Foreign: true})
	operations := map[string][]string{} // by both statuses
	for op := range byzantine.Operations() {
		names := []string{}
		if request := op.NewRequest(); request != nil {
			for _, f := range wire.Fields(reflect.TypeOf(request).Elem()) {
				names = append(names, f.Name)
			}
		}
		if slices.Contains(names, "accountId") && op.ID != byzantine.OpListEvents && op.ID != byzantine.OpListWebhookDeliveries { // where it filters
			row := fmt.Sprintf("| %d | %d |", statusOfExample(t, foreign, op), statusOfExample(t, empty, op))
			operations[row] = append(operations[row], "`"+string(op.ID)+"`")
		}
	}
	table := "| operation | another integrator's account | unknown account |\n| --- | --- | --- |\n"
	for _, row := range slices.Sorted(maps.Keys(operations)) {
		table += "| " + strings.Join(slices.Sorted(slices.Values(operations[row])), ", ") + " " + row + "\n"
	}

	const page, begin, end = "../../docs/behaviour.md", "<!-- foreign accounts -->\n", "<!-- end of foreign accounts -->\n"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), begin)
	old, after, ended := strings.Cut(rest, end)
	require.True(t, found && ended)
	if *updateDocs {
		require.NoError(t, os.WriteFile(page, []byte(before+begin+table+end+after), 0o666))
		return
	}
	assert.Equal(t, table, old, "docs/behaviour.md is out of date: go test -run TestBehaviourPage ./byzantinetest ./cmd/byzantine -update-docs")
}

// statusOfExample sends the example of a request.
func statusOfExample(t *testing.T, server *byzantinetest.Server, op byzantine.Operation) int {
	t.Helper()
	arguments, body, err := exampleOf(op)
	require.NoError(t, err)
	target := op.Path
	if len(arguments) > 0 {
		target += "?" + strings.Join(arguments, "&")
	}
	request, err := http.NewRequest(op.Method, server.URL+target, bytes.NewReader(body))
	require.NoError(t, err)
	if len(body) > 0 {
		require.True(t, json.Valid(body))
		request.Header.Set("Content-Type", "application/json")
	}
	signature, err := byzantine.SignRequest(t.Context(), server.Key(), server.Now(), op.Method, target, body)
	require.NoError(t, err)
	signature.Apply(request.Header)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Contains(t, []int{400, 401, 404}, response.StatusCode, "%s: %s", op.ID, answer)
	if testing.Verbose() {
		t.Logf("%s: %d %s", op.ID, response.StatusCode, answer)
	}
	return response.StatusCode
}
