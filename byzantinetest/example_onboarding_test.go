package byzantinetest_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func ExampleSandbox_Approve() {
	ctx := context.Background()
	sandbox := byzantinetest.NewServer(byzantinetest.WithManualApproval())
	defer sandbox.Close()
	client := sandbox.Client()

	ada := byzantine.RootUserParam{FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com"}
	created, err := client.CreateIndividualAccount(ctx, &byzantine.CreateIndividualAccountRequest{
		UserInfo:               byzantine.UserInfo{FirstName: ada.FirstName, LastName: ada.LastName, Email: ada.Email},
		ByzantineTermsSignedAt: time.Now(),
		RootUsers:              []byzantine.RootUserParam{ada},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.VerificationStatus)
	for _, missing := range created.MissingDocuments {
		fmt.Println("missing:", missing)
	}

	sandbox.Approve(created.AccountID) // the test plays the verification provider
	user, err := client.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{UserID: created.UserID})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.VerificationStatus)
	// Output:
	// init
	// missing: passport, or national_id_front and national_id_back
	// missing: proof_of_address
	// active
}
