package byzantine_test

import (
	"context"
	"fmt"
	"log"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// The key is changed while the client is used, and the old one is deleted when no program uses it any more.
func ExampleRotateCredential() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	key, ctx := sandbox.Key(), context.Background()

	rotation := byzantine.NewRotation(key)
	client, err := byzantine.NewClient(rotation, byzantine.WithBaseURL(sandbox.URL), byzantine.WithClock(sandbox.Now))
	if err != nil {
		log.Fatal(err)
	}
	vault := map[string]string{}
	old, err := byzantine.RotateCredential(ctx, client, rotation, func(_ context.Context, key *byzantine.PrivateKey) error {
		vault["byzantine"] = key.SecretHex() // the program starts with this key the next time
		return nil
	})
	if err != nil {
		log.Fatal(err) // says which credentials are left, and what to do
	}
	fmt.Println("replaced:", old == key.PublicKeyHex())

	// When all replicas have the new key:
	fmt.Println(byzantine.RetireCredential(ctx, client, old))
	// Output:
	// replaced: true
	// <nil>
}
