// This program is a user of the signer for AWS KMS alone. It needs no KMS.
package main

import (
	"context"
	"log"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/byzantine-finance/byzantine-go/signers/awskms"
)

func main() {
	client := kms.NewFromConfig(aws.Config{Region: "eu-west-2"})
	if _, err := awskms.New(context.Background(), client, ""); err == nil || !strings.Contains(err.Error(), "the key id is empty") {
		log.Fatal("a signer without a key: ", err)
	}
}
