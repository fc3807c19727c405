package gcpkms

import (
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// advice says what to fix, for each known code of an error of Cloud KMS.
var advice = map[codes.Code]string{
	codes.PermissionDenied:   "the permission is missing, or there is no such key: grant it to the service account on this key (roles/cloudkms.signerVerifier has it)",
	codes.Unauthenticated:    "the Google credentials are missing or not valid: check the application default credentials",
	codes.NotFound:           "there is no such key version: check project, location, key ring, key and version",
	codes.FailedPrecondition: "the key version is not enabled: it is disabled, destroyed, or still being made",
	codes.InvalidArgument:    "the key cannot do this: it needs the purpose ASYMMETRIC_SIGN and the algorithm EC_SIGN_P256_SHA256",
	codes.ResourceExhausted:  "the quota of Cloud KMS is used up: ask Google for a higher one",
	codes.Unavailable:        "Cloud KMS cannot be reached, also after the retries: check the network",
	codes.Internal:           "Cloud KMS failed",
}

// explain wraps an error of the service in one that names the permission that the call needs, the key version and what
// to fix.
func explain(permission, name string, err error) error {
	if text := advice[status.Code(err)]; text != "" {
		return fmt.Errorf("%s on %s: %s: %w", permission, name, text, err)
	}
	return fmt.Errorf("%s on %s: %w", permission, name, err)
}
