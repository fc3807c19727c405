// Package awskms signs requests with a key in the AWS Key Management Service. It is a module of its own, so that only those
// who use it depend on the AWS SDK.
//
//	cfg, err := config.LoadDefaultConfig(ctx) // of github.com/aws/aws-sdk-go-v2/config
//	...
//	signer, err := awskms.New(ctx, kms.NewFromConfig(cfg), "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-...")
//	...
//	client, err := byzantine.NewClient(signer)
//
// # The key
//
// It has the key spec ECC_NIST_P256 and the key usage SIGN_VERIFY. Neither can be changed later. Byzantine's support has to
// register its public half, see docs/keys.md: the API's create_credential makes a key pair of its own.
//
// The process needs two permissions on that key and no others:
//
//	{"Effect": "Allow", "Action": ["kms:GetPublicKey", "kms:Sign"], "Resource": "<the ARN of the key>",
//	 "Condition": {"StringEqualsIfExists": {"kms:SigningAlgorithm": "ECDSA_SHA_256"}}}
//
// An alias is resolved once, by [New]; after that the signer names the key by its ARN. Whoever moves the alias does not
// change the key of a program that runs. A policy that goes by kms:RequestAlias therefore does not fit;
// kms:ResourceAliases does.
//
// # Time and failures
//
// Each signature is one call over the network, a few milliseconds within a region. The AWS SDK retries throttling and
// server errors as its client is configured; a try without a response is ended after 10 seconds and made again, and all tries
// together end after 30 seconds, because a request is valid for 60 seconds after its timestamp. The end of the caller's
// context ends it earlier.
//
// KMS has a quota of requests per second for elliptic-curve keys, shared by an account and region. A program that polls
// many resources should know it.
package awskms
