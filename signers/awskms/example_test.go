package awskms_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/signers/awskms"
)

// newByzantineClient returns a client that signs with a KMS key. cfg comes from config.LoadDefaultConfig of
// github.com/aws/aws-sdk-go-v2/config.
func newByzantineClient(ctx context.Context, cfg aws.Config, key string) (*byzantine.Client, error) {
	signer, err := awskms.New(ctx, kms.NewFromConfig(cfg), key) // "alias/byzantine", an id or an ARN
	if err != nil {
		return nil, err
	}
	return byzantine.NewClient(signer, byzantine.WithBaseURL(byzantine.ProductionURL))
}

func ExampleNew() {
	_, err := newByzantineClient(context.Background(), aws.Config{Region: "eu-west-2"}, "")
	fmt.Println(err)
	// Output: awskms: the key id is empty: give the ARN or id of a key, or an alias
}
