//go:build cgo

package pkcs11_test

import (
	"context"
	"fmt"
	"os"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/signers/pkcs11"
)

// newByzantineClient returns a client and its signer, which the caller must close when the client is no longer used.
func newByzantineClient(ctx context.Context, module string) (*byzantine.Client, *pkcs11.Signer, error) {
	signer, err := pkcs11.New(ctx, module, // the library of the token's maker
		pkcs11.WithTokenLabel("byzantine"),
		pkcs11.WithPIN(byzantine.NewSecret(os.Getenv("TOKEN_PIN"))),
		pkcs11.WithKeyLabel("signing-key"),
	)
	if err != nil {
		return nil, nil, err
	}
	client, err := byzantine.NewClient(signer, byzantine.WithBaseURL(byzantine.ProductionURL))
	return client, signer, err
}

func ExampleNew() {
	_, _, err := newByzantineClient(context.Background(), "/usr/lib/no-such-library.so")
	fmt.Println(err)
	// Output: pkcs11: module: stat /usr/lib/no-such-library.so: no such file or directory
}
