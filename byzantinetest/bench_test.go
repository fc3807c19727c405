package byzantinetest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// BenchmarkWorld is the cost of a call in worlds of several sizes, without a network and without the client. The calls are
// those that look something up; get_customers is left out, whose response lists every customer.
func BenchmarkWorld(b *testing.B) {
	for _, size := range []int{10, 1_000, 100_000} {
		sandbox, err := byzantinetest.New(byzantinetest.WithSeed(1))
		require.NoError(b, err)
		client := clientOf(b, sandbox)
		var accountID, userID, email string
		for n := range size {
			email = fmt.Sprintf("user%d@example.com", n)
			userID = sandbox.AddUser(byzantinetest.User{Email: email}).ID
			accountID = sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{userID}}).ID
			sandbox.SendCode(accountID, userID)
		}
		for name, call := range map[string]func() error{
			"init_otp": func() error {
				_, err := client.InitOTP(b.Context(), &byzantine.InitOTPRequest{AccountID: accountID, UserID: userID})
				return err
			},
			"get_account_details": func() error {
				_, err := client.GetAccountDetails(b.Context(), accountID)
				return err
			},
			"get_user_details": func() error {
				_, err := client.GetUserDetails(b.Context(), &byzantine.GetUserDetailsRequest{Email: email})
				return err
			},
			"list_events": func() error {
				_, err := client.ListEvents(b.Context(), &byzantine.ListEventsRequest{AccountID: accountID})
				return err
			},
			"status_page": func() error {
				recorder := httptest.NewRecorder()
				sandbox.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://localhost"+byzantinetest.StatusPath, nil))
				if recorder.Code != http.StatusOK {
					return fmt.Errorf("status %d", recorder.Code)
				}
				return nil
			},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := call(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		sandbox.Close()
	}
}
