package byzantinetest_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// documentID is the id of the nth thing in a document of these tests.
func documentID(n int) string { return fmt.Sprintf("2f6a1c1e-0b7a-4c53-9d1b-%012d", n) }

// dueWorld is a world on a running clock whose deposits are processing: n of them should have been completed long ago, and
// one is due later. It also returns the id of that one.
func dueWorld(n int, later time.Time) (document []byte, last string) {
	var deposits []string
	for k := range n + 1 {
		due := later.Add(-time.Hour)
		if k == n {
			due = later
		}
		last = documentID(100 + k)
		deposits = append(deposits, fmt.Sprintf(`{"id":%q,"accountId":%q,"chainId":8453,"vaultAddress":%q,"amount":"5","source":{"currency":"usdc","amount":"5"},`+
			`"type":"deposit","status":"processing","createdAt":"2026-09-01T00:00:00Z","dueAt":%q}`,
			last, documentID(2), byzantinetest.VaultBaseUSDC, due.UTC().Format(time.RFC3339Nano)))
	}
	return fmt.Appendf(nil, `{"users":[{"id":%q,"verificationStatus":"active","info":{"email":"ada@example.com"}}],`+
		`"accounts":[{"id":%q,"ownerId":%q,"activatedChains":[8453]}],"transactions":[%s]}`,
		documentID(1), documentID(2), documentID(1), strings.Join(deposits, ",")), last
}

// What falls due happens in the world of the sandbox, not in the copy that a document was read into: its event is in the
// history. An alarm for that copy showed after the reading, and not in every run.
func TestWhatIsDueHappensInTheSandboxsOwnWorld(t *testing.T) {
	const sandboxes, overdue = 40, 300
	for name, read := range map[string]func(document []byte) (*byzantinetest.Sandbox, error){
		"SetWorld": func(document []byte) (*byzantinetest.Sandbox, error) {
			sandbox, err := byzantinetest.New()
			if err == nil {
				err = sandbox.SetWorld(document)
			}
			return sandbox, err
		},
		"New": func(document []byte) (*byzantinetest.Sandbox, error) {
			return byzantinetest.New(byzantinetest.WithWorld(document))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			later := time.Now().Add(2 * time.Second)
			document, last := dueWorld(overdue, later)
			var all []*byzantinetest.Sandbox
			for range sandboxes {
				sandbox, err := read(document)
				require.NoError(t, err)
				defer sandbox.Close()
				all = append(all, sandbox)
			}
			time.Sleep(time.Until(later.Add(100 * time.Millisecond))) // a request would do what the alarm is for
			for _, sandbox := range all {
				client := clientOf(t, sandbox)
				tx, err := client.GetTransaction(t.Context(), last)
				require.NoError(t, err)
				assert.Equal(t, byzantine.TransactionCompleted, tx.Status)
				list, err := client.ListEvents(t.Context(), &byzantine.ListEventsRequest{TransactionID: last})
				require.NoError(t, err)
				assert.Len(t, list.Events, 1)
			}
		})
	}
}

// Nothing can happen in a world while it is being read: there is no alarm that could run on it.
func TestReadingADocumentSetsNoAlarm(t *testing.T) {
	document, _ := dueWorld(2, time.Now().Add(time.Hour))
	timers, err := byzantinetest.ReadAlone(document)
	require.NoError(t, err)
	assert.Equal(t, 3, timers)
}

// Who waits for a code gets the one that comes with a document, and does not wait for a user who is gone with the old world.
func TestWaitForMailSeesTheWorldThatWasSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sandbox, err := byzantinetest.New()
		require.NoError(t, err)
		defer sandbox.Close()
		user := sandbox.AddUser(byzantinetest.User{Email: "ada@example.com"})
		account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
		without := sandbox.World()
		sandbox.SendCode(account.ID, user.ID)
		with := sandbox.World()
		require.NoError(t, sandbox.SetWorld(without))

		var mail byzantinetest.Mail
		go func() {
			mail, err = sandbox.WaitForMail(t.Context(), byzantinetest.MailFilter{Email: "ada@example.com"})
		}()
		synctest.Wait()
		require.NoError(t, sandbox.SetWorld(with))
		synctest.Wait()
		require.NoError(t, err)
		assert.Equal(t, user.ID, mail.UserID)

		require.NoError(t, sandbox.SetWorld(without))
		go func() { _, err = sandbox.WaitForMail(t.Context(), byzantinetest.MailFilter{UserID: user.ID}) }()
		synctest.Wait()
		sandbox.Reset()
		synctest.Wait()
		assert.EqualError(t, err, "byzantinetest: WaitForMail: userId: no user "+user.ID)
	})
}
