//go:build cgo

package pkcs11

import (
	"errors"
	"fmt"
	"slices"

	p11 "github.com/miekg/pkcs11"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// advice says what to fix, for each known error code of a call.
var advice = map[p11.Error]string{
	p11.CKR_PIN_INCORRECT:                  "the PIN is wrong",
	p11.CKR_PIN_INVALID:                    "the PIN has characters that the token does not take",
	p11.CKR_PIN_LEN_RANGE:                  "the PIN is too short or too long",
	p11.CKR_PIN_EXPIRED:                    "the PIN has expired: set a new one",
	p11.CKR_PIN_LOCKED:                     "the PIN is locked: the security officer of the token has to unlock it",
	p11.CKR_USER_PIN_NOT_INITIALIZED:       "the token has no user PIN yet: initialize it",
	p11.CKR_USER_ANOTHER_ALREADY_LOGGED_IN: "another user, such as the security officer, is logged in from this process",
	p11.CKR_TOKEN_NOT_PRESENT:              "the token is not plugged in",
	p11.CKR_TOKEN_NOT_RECOGNIZED:           "the library does not know this kind of token",
	p11.CKR_DEVICE_REMOVED:                 "the token was pulled out",
	p11.CKR_DEVICE_ERROR:                   "the token or the connection to it failed",
	p11.CKR_SESSION_COUNT:                  "the token has no session left: lower WithMaxSessions, or end other programs that use it",
	p11.CKR_KEY_FUNCTION_NOT_PERMITTED:     "the key may not sign: its attribute CKA_SIGN is false",
	p11.CKR_KEY_TYPE_INCONSISTENT:          "the key is not an EC key",
	p11.CKR_MECHANISM_INVALID:              "the token does not have the mechanism CKM_ECDSA",
	p11.CKR_USER_NOT_LOGGED_IN:             "the token requires a login: use WithPIN",
}

// explain wraps an error of the library in one that names the call and what to fix.
func explain(call string, err error) error {
	if code, ok := errors.AsType[p11.Error](err); ok && advice[code] != "" {
		return fmt.Errorf("%s: %s: %w", call, advice[code], errtext.Bare(err))
	}
	return fmt.Errorf("%s: %w", call, errtext.Bare(err))
}

// isPINError reports whether the token rejected the PIN, so that the same PIN must not be tried again.
func isPINError(err error) bool {
	return isOneOf(err, p11.CKR_PIN_INCORRECT, p11.CKR_PIN_INVALID, p11.CKR_PIN_LEN_RANGE, p11.CKR_PIN_EXPIRED, p11.CKR_PIN_LOCKED)
}

// isLost reports whether an error shows that a session is lost, so that a new session may work.
func isLost(err error) bool {
	return isOneOf(err, p11.CKR_SESSION_HANDLE_INVALID, p11.CKR_SESSION_CLOSED, p11.CKR_USER_NOT_LOGGED_IN,
		p11.CKR_KEY_HANDLE_INVALID, p11.CKR_OBJECT_HANDLE_INVALID, p11.CKR_TOKEN_NOT_PRESENT, p11.CKR_DEVICE_REMOVED,
		p11.CKR_DEVICE_ERROR, p11.CKR_SLOT_ID_INVALID, p11.CKR_OPERATION_ACTIVE, p11.CKR_OPERATION_NOT_INITIALIZED)
}

// isGone reports whether an error shows that the library no longer knows the session. Such a session must not be
// closed: some libraries give its handle to a new session.
func isGone(err error) bool {
	return isOneOf(err, p11.CKR_SESSION_HANDLE_INVALID, p11.CKR_SESSION_CLOSED)
}

func isOneOf(err error, codes ...p11.Error) bool {
	code, ok := errors.AsType[p11.Error](err)
	return ok && slices.Contains(codes, code)
}
