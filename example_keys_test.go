package byzantine_test

import (
	"context"
	"fmt"
	"log"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// newCheckedClient is what a program does at its start with a Signer of its own.
func newCheckedClient(ctx context.Context, signer byzantine.Signer, opts ...byzantine.Option) (*byzantine.Client, error) {
	if err := byzantine.CheckSigner(ctx, signer); err != nil {
		return nil, err // a wrong key, a wrong encoding, or no permission
	}
	client, err := byzantine.NewClient(signer, opts...)
	if err != nil {
		return nil, err
	}
	if _, err := client.Whoami(ctx); err != nil {
		return nil, err // ErrUnauthorized: Byzantine does not know the public key
	}
	return client, nil
}

// A key that was made in a key service: its public half is registered first, and then it signs.
func ExampleSigner() {
	key, err := byzantine.ParsePrivateKey("0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
	if err != nil {
		log.Fatal(err)
	}
	var signer byzantine.Signer = key // as of signers/awskms

	// Byzantine's support needs this: 0x and 66 digits.
	fmt.Printf("0x%x\n", signer.PublicKey())

	sandbox := byzantinetest.NewServer(byzantinetest.WithKey(key))
	defer sandbox.Close()
	_, err = newCheckedClient(context.Background(), signer, byzantine.WithBaseURL(sandbox.URL))
	fmt.Println(err)
	// Output:
	// 0x0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6
	// <nil>
}
