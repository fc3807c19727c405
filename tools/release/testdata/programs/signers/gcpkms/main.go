// This program is a user of the signer for Google Cloud KMS alone. It needs no KMS.
package main

import (
	"context"
	"log"
	"strings"

	"cloud.google.com/go/kms/apiv1"

	"github.com/byzantine-finance/byzantine-go/signers/gcpkms"
)

func main() {
	client := new(kms.KeyManagementClient)
	if _, err := gcpkms.New(context.Background(), client, "a key"); err == nil || !strings.Contains(err.Error(), "the name of the key version") {
		log.Fatal("a signer without a key: ", err)
	}
}
