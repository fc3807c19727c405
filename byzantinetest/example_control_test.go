package byzantinetest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// A test in any language makes its world with plain requests.
func ExampleServer_control() {
	sandbox := byzantinetest.NewServer(byzantinetest.WithTime(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)))
	defer sandbox.Close()
	call := func(path, body string) {
		response, err := http.Post(sandbox.URL+byzantinetest.ControlPath+path, "application/json", strings.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(response.StatusCode, string(text))
	}
	call("users", `{"userId": "11111111-1111-4111-8111-111111111111", "email": "ada@example.com"}`)
	call("clock/advance", `{"duration": "1h"}`)
	call("faults", `{"operationId": "list_events", "status": 503}`)
	// Output:
	// 200 {"userId":"11111111-1111-4111-8111-111111111111","email":"ada@example.com","firstName":"Test","lastName":"User"}
	// 200 {"now":"2026-09-01T13:00:00Z","frozen":true}
	// 204
}

// A world can be kept in a file and read again.
func ExampleSandbox_World() {
	sandbox, err := byzantinetest.New()
	if err != nil {
		log.Fatal(err)
	}
	defer sandbox.Close()
	sandbox.AddUser(byzantinetest.User{Email: "ada@example.com"})
	document := sandbox.World()

	again, err := byzantinetest.New(byzantinetest.WithWorld(document))
	if err != nil {
		log.Fatal(err)
	}
	defer again.Close()
	fmt.Println(again.Users()[0].Email)
	// Output: ada@example.com
}

// The code of a login is waited for beside the login.
func ExampleSandbox_WaitForMail() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	user := sandbox.AddUser(byzantinetest.User{Email: "ada@example.com"})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	go sandbox.Client().InitOTP(context.Background(), &byzantine.InitOTPRequest{AccountID: account.ID, UserID: user.ID})

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	mail, err := sandbox.WaitForMail(ctx, byzantinetest.MailFilter{Email: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a code of", len(mail.Code), "digits")
	// Output: a code of 6 digits
}
