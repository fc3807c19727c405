package byzantine_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// withSandbox starts a local sandbox and sets the environment variables from which NewClientFromEnv takes the key and the
// base URL, so that clients call the sandbox. stop undoes both.
func withSandbox() (sandbox *byzantinetest.Server, stop func()) {
	sandbox = byzantinetest.NewServer()
	os.Setenv("BYZANTINE_PRIVATE_KEY", sandbox.Key().SecretHex())
	os.Setenv("BYZANTINE_BASE_URL", sandbox.URL)
	return sandbox, func() {
		os.Unsetenv("BYZANTINE_PRIVATE_KEY")
		os.Unsetenv("BYZANTINE_BASE_URL")
		sandbox.Close()
	}
}

func ExampleNewClientFromEnv() {
	_, stop := withSandbox()
	defer stop()
	ctx := context.Background()

	client, err := byzantine.NewClientFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	me, err := client.Whoami(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.AccessScope, me.Capabilities.CanWrite)
	// Output: read_write true
}

func ExampleNewClient_production() {
	key, err := byzantine.ParsePrivateKey(os.Getenv("BYZANTINE_PRODUCTION_KEY"))
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := byzantine.NewClient(key, byzantine.WithBaseURL(byzantine.ProductionURL))
	_, _ = client, err
	// Output: byzantine: private key: it is empty
}

func ExampleClient_CreateAuthenticatorsOTP_invalid() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	client := sandbox.Client()

	_, err := client.CreateAuthenticatorsOTP(context.Background(), &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID: "0d4b3b6e-5d1c-4e0e-8d0b-0c7f0e0a9d11",
		AccountID: "5b0f9a3e-2f6c-4a53-9a35-0d8b6a1f7c22",
		UserID:    "c1b7f4b2-7d0e-4a55-8c0f-3f8f0a6e5d33",
		Authenticators: []byzantine.AuthenticatorParam{{
			AuthenticatorName: "My phone",
			Challenge:         "Zm9v",
		}},
	})
	var field *byzantine.FieldError
	fmt.Println(errors.As(err, &field), errors.Is(err, byzantine.ErrInvalidRequest))
	fmt.Println(err)
	// Output:
	// true true
	// byzantine: CreateAuthenticatorsOTPRequest.Authenticators[0].Attestation.CredentialID: missing
}

func ExampleWithResponse() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	sandbox.Fail(byzantine.OpHealthCheck, 1, byzantinetest.Fault{Status: 404, Body: "no such route"})

	var response byzantine.Response
	_, err := sandbox.Client().HealthCheck(context.Background(), byzantine.WithResponse(&response))
	fmt.Println(err)
	fmt.Println(response.StatusCode, string(response.Body))
	// Output:
	// byzantine: health_check: 404 Not Found: no such route (GET /v1/health, 1 attempt)
	// 404 no such route
}

func ExampleClient_Do() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()

	// /v1/health stands for a route that this version of the SDK has no method for.
	var health struct {
		Status string `json:"status"`
	}
	err := sandbox.Client().Do(context.Background(), "GET", "/v1/health", nil, &health)
	fmt.Println(health.Status, err)
	// Output: ok <nil>
}
