package byzantine_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// A request is signed with the key of RFC 6979, appendix A.2.5. Same key, same second, same request: same signature.
func ExampleSignRequest() {
	key, err := byzantine.ParsePrivateKey("0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
	if err != nil {
		log.Fatal(err)
	}
	at := time.Unix(1760375826, 0)
	sig, err := byzantine.SignRequest(context.Background(), key, at, "POST", "/v1/integrator/credentials", []byte(`{"label":"x"}`))
	if err != nil {
		log.Fatal(err)
	}
	h := http.Header{}
	sig.Apply(h)
	fmt.Println("X-Pubkey:", h.Get("X-Pubkey"))
	fmt.Println("X-Timestamp:", h.Get("X-Timestamp"))
	fmt.Println("X-Signature:", h.Get("X-Signature"))
	// Output:
	// X-Pubkey: 0x0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6
	// X-Timestamp: 1760375826
	// X-Signature: 0x304502205d738968e9bb9b5778eabc5bc972aba318d61d286fb2a614482f29466820db44022100f7477977e0783c0dbe7f34eb5799ab63a230feffbedadca5afeaf0f14be34a03
}

// A gateway in front of the API forwards only requests that its own service has signed.
func ExampleRequestSignature_Verify() {
	key, err := byzantine.ParsePrivateKey("0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
	if err != nil {
		log.Fatal(err)
	}
	trusted := key.PublicKey() // a gateway knows this half only
	at := time.Unix(1760375826, 0)
	sig, err := byzantine.SignRequest(context.Background(), key, at, "GET", "/v1/query/assets", nil)
	if err != nil {
		log.Fatal(err)
	}
	h := http.Header{}
	sig.Apply(h)

	received, err := byzantine.RequestSignatureFromHeader(h)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(received.Verify(trusted, at.Add(5*time.Second), "GET", "/v1/query/assets", nil))
	fmt.Println(received.Verify(trusted, at.Add(2*time.Minute), "GET", "/v1/query/assets", nil))
	fmt.Println(received.Verify(trusted, at.Add(5*time.Second), "GET", "/v1/query/top-vaults", nil))
	// Output:
	// <nil>
	// byzantine: request signature: X-Timestamp is 120 s old, more than 60 s
	// byzantine: request signature: X-Signature does not belong to this key, timestamp, method, path and body
}

// Any crypto.Signer on P-256 will do. Here it is a key in memory; the clients of HSMs and key services have the
// same interface.
func ExampleNewSigner() {
	var key crypto.Signer
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := byzantine.NewSigner(key)
	if err != nil {
		log.Fatal(err)
	}
	now := time.Now()
	sig, err := byzantine.SignRequest(context.Background(), signer, now, "GET", "/v1/query/assets", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sig.Verify(signer.PublicKey(), now, "GET", "/v1/query/assets", nil))
	// Output: <nil>
}

// Printing a key shows its public half.
func ExamplePrivateKey() {
	key, err := byzantine.ParsePrivateKey("0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v\n%#v\n", key, *key)
	_, err = byzantine.ParsePrivateKey("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f67")
	fmt.Println(err)
	// Output:
	// 0x0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6
	// 0x0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6
	// byzantine: private key: it has 62 hexadecimal digits instead of 64: leading zeros may have been dropped, or a part is missing
}
