package byzantinetest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

// heapInUse is what the program holds after a collection.
func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// bigDocument is a document of that many bytes.
func bigDocument(t testing.TB, size int) byzantine.DataURI {
	t.Helper()
	document, err := byzantine.NewDataURI("application/pdf", append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("x"), size-9)...))
	require.NoError(t, err)
	return document
}

// Of an uploaded document nothing stays but its size and its hash.
func TestUploadedDocumentsAreNotKept(t *testing.T) {
	server := newServer(t)
	client := server.Client(byzantine.WithAttemptTimeout(time.Minute))
	document := bigDocument(t, 4<<20)
	onboardings := longtest.Count(12, 120)
	before := heapInUse()
	for n := range onboardings {
		req := ada()
		email := fmt.Sprintf("user%d@example.com", n)
		req.UserInfo.Email, req.RootUsers[0].Email = email, email
		req.VerificationDocuments = []byzantine.UserVerificationDocument{{
			DocumentType: byzantine.DocumentPassport, DocumentNumber: "12AB34567", IssuingCountry: "FRA", Document: document,
		}}
		_, err := client.CreateIndividualAccount(t.Context(), req)
		require.NoError(t, err)
	}
	kept := int64(heapInUse()) - int64(before)
	t.Logf("%.1f MiB are kept of %d onboardings with a document of 4 MiB", float64(kept)/(1<<20), onboardings)
	assert.Less(t, kept, int64(32<<20))
	assert.Len(t, server.Requests(), onboardings)
}

func TestJournalShowsSizeAndHashOfADocument(t *testing.T) {
	server := newServer(t)
	content := append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("x"), 100<<10)...)
	document, err := byzantine.NewDataURI("application/pdf", content)
	require.NoError(t, err)
	req := ada()
	req.VerificationDocuments = []byzantine.UserVerificationDocument{{
		DocumentType: byzantine.DocumentPassport, DocumentNumber: "12AB34567", IssuingCountry: "FRA", Document: document,
	}}
	_, err = server.Client().CreateIndividualAccount(t.Context(), req)
	require.NoError(t, err)
	r := server.Requests()[0]
	encoded := base64.StdEncoding.EncodeToString(content)
	assert.Contains(t, string(r.Body), fmt.Sprintf("data:application/pdf;base64,(%d bytes of base64, SHA-256 %x)", len(encoded), sha256.Sum256([]byte(encoded))))
	assert.Contains(t, string(r.Body), `"rootUsers"`, "what comes behind the document is there")
	assert.LessOrEqual(t, len(r.Body), 4<<10)
	assert.Greater(t, r.BodyBytes, len(encoded))
	assert.Contains(t, string(r.Response), `"accountId"`)
	assert.Equal(t, len(r.Response), r.ResponseBytes)
}

// However much comes, the journal has an end.
func TestJournalIsBounded(t *testing.T) {
	sandbox, err := byzantinetest.New()
	require.NoError(t, err)
	defer sandbox.Close()
	network := byzantinetest.InProcess(sandbox)
	body := strings.Repeat("x", 64<<10)
	before := heapInUse()
	const count = 6000
	for n := range count {
		request, err := http.NewRequest("POST", fmt.Sprintf("http://localhost/v1/submit/init-otp?n=%d", n), strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("X-Long", strings.Repeat("y", 2<<10))
		_, err = network.RoundTrip(request)
		require.NoError(t, err)
	}
	kept := int64(heapInUse()) - int64(before)
	requests := sandbox.Requests()
	assert.Less(t, len(requests), count)
	assert.Equal(t, int64(count), requests[len(requests)-1].Number, "the newest are kept")
	assert.Less(t, kept, int64(40<<20), "16 MiB and what a slice may hold in reserve")
	for _, r := range requests {
		require.Equal(t, 64<<10, r.BodyBytes)
		require.Len(t, r.Body, 4<<10)
	}
}

// A day of logins leaves nothing behind: what has expired is forgotten.
func TestSimulatedDayDoesNotGrow(t *testing.T) {
	start := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	sandbox, err := byzantinetest.New(byzantinetest.WithTime(start))
	require.NoError(t, err)
	defer sandbox.Close()
	user := sandbox.AddUser(byzantinetest.User{})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	sandbox.Activate(account.ID, byzantine.ChainBase)
	client := clientOf(t, sandbox)
	perHour := longtest.Count[time.Duration](10, 30)
	hour := func() {
		for range perHour {
			sandbox.Advance(time.Hour / perHour)
			otp, err := client.InitOTP(t.Context(), &byzantine.InitOTPRequest{AccountID: account.ID, UserID: user.ID})
			require.NoError(t, err)
			_, err = client.OTPAuth(t.Context(), &byzantine.OTPAuthRequest{
				AccountID: account.ID, UserID: user.ID, OTPID: otp.OTPID, OTPCode: sandbox.OTPCode(otp.OTPID),
			})
			require.NoError(t, err)
			_, err = client.GetInviteUsersPayloadPasskey(t.Context(), &byzantine.GetInviteUsersPayloadPasskeyRequest{
				AccountID: account.ID, NewUsers: []byzantine.Invitee{{FirstName: "A", LastName: "B", UserEmail: "a@example.com"}},
			})
			require.NoError(t, err)
			_, err = client.GetDepositPayloadPasskey(t.Context(), &byzantine.GetDepositPayloadPasskeyRequest{
				ChainID: byzantine.ChainBase, AccountID: account.ID, VaultAddr: byzantinetest.VaultBaseUSDC, Amount: byzantine.MustParseDecimal("1"), SourceCurrency: byzantine.CurrencyUSDC,
			})
			require.NoError(t, err)
		}
	}
	for range 6 {
		hour()
	}
	held := sandbox.Held()
	for range 18 {
		hour()
	}
	assert.Equal(t, held, sandbox.Held(), "codes, sessions, proposals, drafts and timers of the last hours only")
	assert.Equal(t, start.Add(24*time.Hour), sandbox.Now())
}
