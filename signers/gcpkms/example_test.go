package gcpkms_test

import (
	"context"
	"fmt"

	apiv1 "cloud.google.com/go/kms/apiv1"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/signers/gcpkms"
)

// newByzantineClient returns a client that signs with a key of Cloud KMS. kms comes from apiv1.NewKeyManagementClient;
// the caller closes it.
func newByzantineClient(ctx context.Context, kms *apiv1.KeyManagementClient, keyVersion string) (*byzantine.Client, error) {
	signer, err := gcpkms.New(ctx, kms, keyVersion) // "projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1"
	if err != nil {
		return nil, err
	}
	return byzantine.NewClient(signer, byzantine.WithBaseURL(byzantine.ProductionURL))
}

func ExampleNew() {
	_, err := newByzantineClient(context.Background(), &apiv1.KeyManagementClient{}, "byzantine")
	fmt.Println(err)
	// Output: gcpkms: the name of the key version is "byzantine"; it must be projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N
}
