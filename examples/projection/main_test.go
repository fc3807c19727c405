package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// The test binary is the program if programEnv is set. killEnv names the moment at which it then kills itself, as kill
// -9 would.
const (
	programEnv = "PROJECTION_TEST_PROGRAM"
	killEnv    = "PROJECTION_TEST_KILL"
)

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		dieIn(os.Getenv(killEnv))
		main()
		os.Exit(0)
	}
	for _, name := range []string{"BYZANTINE_PRIVATE_KEY", "INTEGRATOR_PRIVATE_KEY", "BYZANTINE_BASE_URL"} {
		_ = os.Unsetenv(name)
	}
	os.Exit(m.Run())
}

// dieIn makes the process kill itself while SQLite writes: at "row 3" before the third row is changed, at "commit 2"
// during the second commit.
func dieIn(moment string) {
	var kind string
	var number int
	if n, _ := fmt.Sscanf(moment, "%s %d", &kind, &number); n != 2 {
		return
	}
	count := func(what string) {
		if what != kind {
			return
		}
		if number--; number > 0 {
			return
		}
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		select {} // until the process is killed
	}
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, _ string) error {
		hooks := conn.(sqlite.HookRegisterer)
		hooks.RegisterPreUpdateHook(func(sqlite.SQLitePreUpdateData) { count("row") })
		hooks.RegisterCommitHook(func() int32 { count("commit"); return 0 })
		return nil
	})
}

func TestPlaysAgainstTheLocalSandbox(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-html", page}, &out))
	assert.Regexp(t, `(?s)UPDATED .*2026-09-06 12:00:00  \S+  withdraw +cancelled +200\n(\S+ \S+  \S+  deposit +completed +\d+\.5\n){5}$`, out.String())
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	points := regexp.MustCompile(`<polyline points="(\d+\.\d,\d+\.\d ?){6}"`)
	assert.Len(t, points.FindAll(text, -1), 3, "in vaults, queued and idle")
}

// A process is killed at a moment while it makes the copy. The next process completes the copy.
func TestSurvivesAKillAtAnyMoment(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	t.Cleanup(sandbox.Close)
	var killAt atomic.Pointer[string] // the request at which the program is killed: "<operation in the path> <number>"
	var served sync.Map               // number of requests by operation
	program := make(chan *os.Process, 1)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counter, _ := served.LoadOrStore(path.Base(r.URL.Path), new(atomic.Int64))
		if request := fmt.Sprint(path.Base(r.URL.Path), " ", counter.(*atomic.Int64).Add(1)); request == *killAt.Load() {
			_ = (<-program).Kill()
			return
		}
		sandbox.ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	c, err := newCustomer(t.Context(), sandbox)
	require.NoError(t, err)
	sandbox.QueueWithdrawals(byzantinetest.VaultBaseUSDC, true)

	file, page := filepath.Join(t.TempDir(), "copy.db"), filepath.Join(t.TempDir(), "page.html")
	start := func(moment string) error {
		var stderr bytes.Buffer
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-db", file, "-html", page)
		cmd.Stderr = &stderr
		cmd.Env = append(os.Environ(), programEnv+"=1", killEnv+"="+moment,
			"BYZANTINE_PRIVATE_KEY="+sandbox.Key().SecretHex(), "BYZANTINE_BASE_URL="+api.URL)
		served.Clear()
		killAt.Store(&moment)
		require.NoError(t, cmd.Start())
		program <- cmd.Process
		err := cmd.Wait()
		select {
		case <-program: // the program was not killed by a request
		default:
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, stderr.Bytes())
		}
		return nil
	}
	deposit := func(t *testing.T, amount string) {
		_, err := c.deposit(t.Context(), amount)
		require.NoError(t, err)
	}
	deposit(t, "100")
	// CopyTransactions reads the last minute of its former range again, which could hide that the stored time is later
	// than the stored rows. So more than a minute passes here and after each change. The first request of the program is
	// rejected because of the sandbox's clock, to which the program then corrects its own.
	sandbox.Advance(3 * time.Minute)
	var queued string
	change := func(t *testing.T, deposits int) { // new transactions, and an update that no event tells of
		for range deposits {
			deposit(t, "1.25")
		}
		if queued != "" {
			require.NoError(t, c.cancel(t.Context(), queued))
		}
		queued, err = c.withdraw(t.Context(), "1")
		require.NoError(t, err)
		sandbox.Advance(2 * time.Minute)
	}
	for _, kill := range []struct {
		moment   string
		deposits int  // how many were made before
		whole    bool // whether the copy is complete after the kill
	}{
		{"get-all-transactions 2", 20, false},
		{"get-all-transactions 3", 110, false}, // the request for the second page
		{"row 1", 20, false},
		{"row 2", 20, false},
		{"row 105", 110, false},
		{"commit 1", 20, false},              // the commit of the transactions
		{"get-account-balances 1", 20, true}, // after the commit of the transactions
		{"commit 2", 20, true},               // the commit of the balances
	} {
		t.Run(kill.moment, func(t *testing.T) {
			change(t, kill.deposits)
			before := copied(t, file)
			err := start(kill.moment)
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.ErrorContains(t, err, "killed")
			whole := listed(t, sandbox)
			require.False(t, maps.Equal(whole, before), "there is something to copy")
			assert.Equal(t, kill.whole, maps.Equal(whole, copied(t, file)))
			assert.Equal(t, !kill.whole, maps.Equal(before, copied(t, file)), "all of an update is there, or nothing")

			require.NoError(t, start(""))
			assert.True(t, maps.Equal(whole, copied(t, file)), "the copy equals the list")
			assert.FileExists(t, page)
		})
	}
}

// listed returns the transactions that the sandbox's API lists, as JSON, by id.
func listed(t *testing.T, sandbox *byzantinetest.Server) map[string]string {
	all := map[string]string{}
	for transaction, err := range sandbox.Client().AllTransactions(t.Context(), nil) {
		require.NoError(t, err)
		document, err := json.Marshal(transaction)
		require.NoError(t, err)
		all[transaction.TransactionID] = string(document)
	}
	return all
}

// copied returns the transactions in the database, as JSON, by id.
func copied(t *testing.T, file string) map[string]string {
	s, err := openStore(t.Context(), file)
	require.NoError(t, err)
	defer s.db.Close()
	found, err := s.db.QueryContext(t.Context(), `SELECT id, document FROM transactions`)
	require.NoError(t, err)
	defer found.Close()
	all := map[string]string{}
	for found.Next() {
		var id, document string
		require.NoError(t, found.Scan(&id, &document))
		all[id] = document
	}
	require.NoError(t, found.Err())
	return all
}

func TestRejectsWrongUse(t *testing.T) {
	there := filepath.Join(t.TempDir(), "there.db")
	require.NoError(t, os.WriteFile(there, nil, 0o600))
	require.ErrorContains(t, run(t.Context(), []string{"-db", there}, &bytes.Buffer{}), "is there already")
	require.Error(t, run(t.Context(), []string{"-x"}, &bytes.Buffer{}))
	t.Setenv("BYZANTINE_PRIVATE_KEY", "any")
	require.ErrorContains(t, run(t.Context(), nil, &bytes.Buffer{}), "-db must name")
	t.Setenv("BYZANTINE_PRIVATE_KEY", "")
	t.Setenv("BYZANTINE_PRIVATE_KEY_FILE", there)
	require.ErrorContains(t, run(t.Context(), nil, &bytes.Buffer{}), "-db must name", "a file with a key is a key as well")
}
