package byzantine_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// exampleKey is the private key of RFC 6979, section A.2.5, which everybody knows.
const exampleKey = "0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"

// A service that can move real funds says at its start which API it talks to.
func ExampleClient_BaseURL() {
	key, err := byzantine.ParsePrivateKey(exampleKey)
	if err != nil {
		log.Fatal(err)
	}
	client, err := byzantine.NewClient(key)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.BaseURL(), client.BaseURL() == byzantine.ProductionURL)
	// Output: https://sandbox.api.byzantine.fi false
}

// The public key tells which credential of [Client.ListCredentials] the client signs with.
func ExampleClient_PublicKey() {
	key, err := byzantine.ParsePrivateKey(exampleKey)
	if err != nil {
		log.Fatal(err)
	}
	client, err := byzantine.NewClient(key)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("0x" + hex.EncodeToString(client.PublicKey()))
	// Output: 0x0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6
}

// A job that runs once a day need not keep connections until they time out.
func ExampleClient_CloseIdleConnections() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	client := sandbox.Client()

	me, err := client.Whoami(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	client.CloseIdleConnections() // the next call opens a connection again
	fmt.Println(me.AccessScope)
	// Output: read_write
}

// Operations lists what the API has, for a permission table or a metric.
func ExampleOperations() {
	for op := range byzantine.Operations() {
		if op.Method == "DELETE" {
			fmt.Println(op.ID, op.Path)
		}
	}
	// Output:
	// delete_subscription /v1/webhooks/subscriptions/{subscription_id}
	// delete_credential /v1/integrator/credentials/{pubkey}
}

// A backend in front of a web page responds with the path that the page knows.
func ExampleFieldError() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()

	_, err := sandbox.Client().CreateAuthenticatorsOTP(context.Background(), &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID: "0d4b3b6e-5d1c-4e0e-8d0b-0c7f0e0a9d11", AccountID: "0d4b3b6e-5d1c-4e0e-8d0b-0c7f0e0a9d12", UserID: "0d4b3b6e-5d1c-4e0e-8d0b-0c7f0e0a9d13",
		Authenticators: []byzantine.AuthenticatorParam{{AuthenticatorName: "Ada's laptop"}},
	})
	var field *byzantine.FieldError
	if errors.As(err, &field) {
		fmt.Println(field.Field)
		fmt.Println(field.JSONPath + ": " + field.Reason)
	}
	// Output:
	// CreateAuthenticatorsOTPRequest.Authenticators[0].Challenge
	// authenticators[0].challenge: missing
}

// The agent of a secret store writes a key to a file and replaces it there: the client follows without a restart.
func ExampleKeyFile() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "key")
	if err := os.WriteFile(path, []byte(exampleKey), 0o600); err != nil {
		log.Fatal(err)
	}

	key, err := byzantine.ReadKeyFile(path)
	if err != nil {
		log.Fatal(err)
	}
	rotation := byzantine.NewRotation(key)
	client, err := byzantine.NewClient(rotation)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop() // a service stops it at its end
	err = (&byzantine.KeyFile{Path: path, Rotation: rotation, Interval: time.Minute}).Run(ctx)
	fmt.Println(len(client.PublicKey()), err)
	// Output: 33 byzantine: key file: context canceled
}
