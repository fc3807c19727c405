package byzantinetest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func Example() {
	ctx := context.Background()

	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	user := sandbox.AddUser(byzantinetest.User{Email: "ada@example.com"})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	client := sandbox.Client()

	otp, err := client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: account.ID, UserID: user.ID})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("code sent:", len(sandbox.OTPCode(otp.OTPID)) == 6)

	// The next request takes effect, but its response never arrives.
	sandbox.Fail(byzantine.OpInitOTP, 1, byzantinetest.Fault{Reset: true, TakesEffect: true})
	_, err = client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: account.ID, UserID: user.ID})
	fmt.Println("outcome unknown:", errors.Is(err, byzantine.ErrOutcomeUnknown))
	// Output:
	// code sent: true
	// outcome unknown: true
}

func ExampleSandbox_Advance() {
	ctx := context.Background()
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	user := sandbox.AddUser(byzantinetest.User{})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	client := sandbox.Client()

	otp, err := client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: account.ID, UserID: user.ID})
	if err != nil {
		log.Fatal(err)
	}
	sandbox.Advance(time.Hour) // the client's clock moves along
	_, err = client.OTPAuth(ctx, &byzantine.OTPAuthRequest{
		AccountID: account.ID, UserID: user.ID, OTPID: otp.OTPID, OTPCode: sandbox.OTPCode(otp.OTPID),
	})
	fmt.Println(err)
	// Output:
	// byzantine: otp_auth: 400 Bad Request: the one-time code has expired (POST /v1/submit/otp-auth, 1 attempt)
}
