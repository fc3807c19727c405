// Package gcpkms signs requests with a key in Google Cloud KMS or Cloud HSM. It is a module of its own, so that only those who
// use it depend on Google's client library.
//
//	kms, err := apiv1.NewKeyManagementClient(ctx) // of cloud.google.com/go/kms/apiv1
//	...
//	defer kms.Close()
//	signer, err := gcpkms.New(ctx, kms, "projects/P/locations/europe-west1/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1")
//	...
//	client, err := byzantine.NewClient(signer)
//
// # The key
//
// The key must have the purpose "asymmetric signing" and the algorithm EC_SIGN_P256_SHA256, with the protection level
// SOFTWARE or HSM. The name always ends with a version, because each version is another key pair. Byzantine's support
// has to register the version's public key, see docs/keys.md. KMS does not rotate such keys automatically.
//
//	gcloud kms keys create K --keyring R --location L --purpose asymmetric-signing --default-algorithm ec-sign-p256-sha256
//
// The service account of the process needs two permissions on that key and no others:
// cloudkms.cryptoKeyVersions.viewPublicKey and cloudkms.cryptoKeyVersions.useToSign. The predefined role
// roles/cloudkms.signerVerifier has both; a custom role can do without the permission to list locations.
//
// # Time and failures
//
// Each signature is one call over the network. Requests and responses have checksums (CRC32C), and a call whose bytes
// were damaged on the way is made again. Google's client retries while the service is unavailable. A try without a
// response is ended after 10 seconds and followed by another, up to three in all. All tries together end after 30
// seconds, because a request is valid for 60 seconds after its timestamp, or earlier if the caller's context ends.
package gcpkms
