// This program is a user of the root module alone: a call to the local sandbox, a passkey, a webhook's signature.
package main

import (
	"context"
	"log"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/browser"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

func main() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	me, err := sandbox.Client().Whoami(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	rp := passkey.RelyingParty{ID: "localhost", Name: "Example", Origins: []string{"http://localhost:8080"}}
	if err := rp.Validate(); err != nil {
		log.Fatal(err)
	}
	if _, err := webhook.NewVerifier(nil); err == nil {
		log.Fatal("a verifier without a key")
	}
	if browser.Module == "" {
		log.Fatal("the browser's module is empty")
	}
	operations := 0
	for range byzantine.Operations() {
		operations++
	}
	log.Printf("%d operations, integrator %s", operations, me.IntegratorID)
}
