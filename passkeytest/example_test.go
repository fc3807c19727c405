package passkeytest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

func ExampleAuthenticator() {
	browser := passkeytest.NewAuthenticator(
		passkeytest.WithOrigin("https://app.example.com"),
		passkeytest.WithDeterministicKeys("example"),
	)
	options := []byte(`{
		"rp": {"id": "example.com", "name": "Example"},
		"user": {"id": "dXNlci0x", "name": "ada@example.com", "displayName": "Ada"},
		"challenge": "AAECAwQFBgcICQoLDA0ODw",
		"pubKeyCredParams": [{"type": "public-key", "alg": -7}],
		"authenticatorSelection": {"residentKey": "preferred"}
	}`)
	created, err := browser.Create(options)
	if err != nil {
		log.Fatal(err)
	}
	var response struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	if err := json.Unmarshal(created, &response); err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Type, response.ID)

	browser.Cancel(1) // the user closes the next dialog
	_, err = browser.Get([]byte(`{"challenge": "AAECAwQFBgcICQoLDA0ODw", "rpId": "example.com"}`))
	var exception *passkeytest.DOMException
	fmt.Println(errors.As(err, &exception), err)
	// Output:
	// public-key ebClBUCSdnw00221rOatlh4O6IzbYUH62Hd33YL9c6M
	// true passkeytest: NotAllowedError: the user dismissed the ceremony
}
