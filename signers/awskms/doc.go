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
// The key must have the key spec ECC_NIST_P256 and the key usage SIGN_VERIFY. Neither can be changed later. Byzantine's
// support has to register its public key, see docs/keys.md: the API's create_credential generates a key pair itself.
//
// The process needs two permissions on that key and no others:
//
//	{"Effect": "Allow", "Action": ["kms:GetPublicKey", "kms:Sign"], "Resource": "<the ARN of the key>",
//	 "Condition": {"StringEqualsIfExists": {"kms:SigningAlgorithm": "ECDSA_SHA_256"}}}
//
// [New] resolves an alias once; after that the signer uses the ARN of the key. So if the alias is moved to another key,
// a running program still uses the old one. For the same reason a policy with the condition key kms:RequestAlias does
// not allow the signatures; one with kms:ResourceAliases does.
//
// # Time and failures
//
// Each signature is one call over the network, a few milliseconds within a region. The AWS SDK retries after throttling
// and server errors as its client is configured. A try without a response is ended after 10 seconds and followed by
// another, up to three in all. All tries together end after 30 seconds, because a request is valid for 60 seconds after
// its timestamp, or earlier if the caller's context ends.
//
// KMS has a quota of requests per second for elliptic-curve keys, which an account shares in each region. Consider it
// if your program polls many resources.
package awskms
