package awskms

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
)

// advice says what to fix, for each known code of an error of KMS.
var advice = map[string]string{
	"AccessDeniedException":         "the permission is missing: allow it in the key policy or in an IAM policy of the caller",
	"DisabledException":             "the key is disabled: enable it, or use another",
	"KMSInvalidStateException":      "the key cannot sign in its state: its deletion is scheduled, its key material is missing, or its custom key store is not connected",
	"NotFoundException":             "there is no such key in this account and region: check the id and the region of the client",
	"InvalidArnException":           "the id is no ARN of a KMS key",
	"InvalidKeyUsageException":      "the key is not for signing: make one with the usage SIGN_VERIFY and the spec ECC_NIST_P256",
	"UnsupportedOperationException": "the key is not an asymmetric key for signing: make one with the usage SIGN_VERIFY and the spec ECC_NIST_P256",
	"KeyUnavailableException":       "the key is not available at the moment, and was not after the retries",
	"KMSInternalException":          "KMS failed, also after the retries",
	"DependencyTimeoutException":    "KMS was too slow, also after the retries",
	"ThrottlingException":           "the request quota of KMS is used up, also after the retries: ask AWS for a higher one",
	"LimitExceededException":        "a quota of KMS is used up: ask AWS for a higher one",
	"UnrecognizedClientException":   "the AWS credentials are not valid: check them and their region",
	"InvalidSignatureException":     "the AWS credentials are not valid: check the secret key",
	"ExpiredTokenException":         "the AWS credentials have expired: renew them",
	"InvalidClientTokenId":          "the AWS credentials are not valid: check the access key id",
	"IncompleteSignature":           "the AWS credentials are not valid",
	"InvalidGrantTokenException":    "the grant token is not valid",
}

// explain wraps an error of the AWS SDK in one that names the action, the key and what to fix.
func explain(action, key string, err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return fmt.Errorf("%s on %s: no response (check the AWS credentials, the region and the network): %w", action, key, err)
	}
	if text := advice[api.ErrorCode()]; text != "" {
		return fmt.Errorf("%s on %s: %s: %w", action, key, text, err)
	}
	return fmt.Errorf("%s on %s: %w", action, key, err)
}
