//go:build cgo

// This program is a user of the signer for PKCS #11 tokens alone. It needs no token.
package main

import (
	"context"
	"log"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/signers/pkcs11"
)

func main() {
	_, err := pkcs11.New(context.Background(), "/does/not/exist.so", pkcs11.WithTokenLabel("example"), pkcs11.WithKeyLabel("example"))
	if err == nil {
		log.Fatal("a key without a token")
	}
	var _ byzantine.Signer = (*pkcs11.Signer)(nil)
}
