//go:build cgo

package pkcs11

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	p11 "github.com/miekg/pkcs11"
)

// token finds the token of a config in a library, and logs in to it.
type token struct {
	library *library
	config  *config

	mu       sync.Mutex // held during a login, so that a wrong PIN is tried once
	rejected error      // the error with which the token rejected the PIN; nil if it has not
}

// session finds the token, opens a session on it and logs in if that is needed.
func (t *token) session() (p11.SessionHandle, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rejected != nil {
		return 0, fmt.Errorf("the PIN was rejected before and is not tried again, so that the token does not lock: make a new Signer: %w", t.rejected)
	}
	slot, info, err := t.find()
	if err != nil {
		return 0, err
	}
	handle, err := t.library.OpenSession(slot, p11.CKF_SERIAL_SESSION)
	if err != nil {
		return 0, explain("C_OpenSession", err)
	}
	if err := t.login(handle, info.Flags); err != nil {
		_ = t.library.CloseSession(handle)
		return 0, err
	}
	return handle, nil
}

// find returns the slot of the token that has the label and serial number of the config. It is an error if no token or
// more than one does.
func (t *token) find() (uint, p11.TokenInfo, error) {
	slots, err := t.library.GetSlotList(true)
	if err != nil {
		return 0, p11.TokenInfo{}, explain("C_GetSlotList", err)
	}
	var found []uint
	var token p11.TokenInfo
	var others []string
	for _, slot := range slots {
		info, err := t.library.GetTokenInfo(slot)
		if err != nil {
			continue // the token was pulled out in the meantime, or the library does not know its kind
		}
		label, serial := trim(info.Label), trim(info.SerialNumber)
		if (t.config.tokenLabel != "" && label != t.config.tokenLabel) || (t.config.tokenSerial != "" && serial != t.config.tokenSerial) {
			if label != "" {
				others = append(others, fmt.Sprintf("%q", label))
			}
			continue
		}
		found, token = append(found, slot), info
	}
	switch {
	case len(found) == 1:
		return found[0], token, nil
	case len(found) > 1:
		return 0, token, fmt.Errorf("%d tokens have the %s: use WithTokenSerial", len(found), t.config.token())
	case len(others) == 0:
		return 0, token, errors.New("the library shows no token: it is not plugged in, or the library is not configured")
	}
	slices.Sort(others)
	return 0, token, fmt.Errorf("no token has the %s; there are tokens with the labels %s", t.config.token(), strings.Join(others, ", "))
}

// trim removes the padding at the end of a token's texts: spaces or zero bytes.
func trim(s string) string { return strings.TrimRight(s, " \x00") }

func (t *token) login(handle p11.SessionHandle, flags uint) error {
	info, err := t.library.GetSessionInfo(handle)
	if err != nil {
		return explain("C_GetSessionInfo", err)
	}
	if info.State == p11.CKS_RO_USER_FUNCTIONS || info.State == p11.CKS_RW_USER_FUNCTIONS {
		return nil // all sessions of a process share one login
	}
	needed, err := needsLogin(flags, !t.config.pin.IsZero())
	if err != nil || !needed {
		return err
	}
	return t.authenticate(handle, p11.CKU_USER)
}

// needsLogin returns whether to log in to a token with these flags (CK_TOKEN_INFO). It is an error if a login is needed
// and cannot succeed, or must not be tried because a wrong PIN would lock the token.
func needsLogin(flags uint, havePIN bool) (bool, error) {
	has := func(flag uint) bool { return flags&flag != 0 }
	switch {
	case !has(p11.CKF_LOGIN_REQUIRED):
		return false, nil
	case !has(p11.CKF_USER_PIN_INITIALIZED):
		return false, errors.New("the token has no user PIN yet: initialize it")
	case has(p11.CKF_USER_PIN_LOCKED):
		return false, errors.New("the user PIN is locked: the security officer of the token has to unlock it")
	case has(p11.CKF_USER_PIN_FINAL_TRY):
		return false, errors.New("one wrong PIN is left before the token locks, so it is not tried: log in with the right PIN by other means first")
	case !havePIN && !has(p11.CKF_PROTECTED_AUTHENTICATION_PATH):
		return false, errors.New("WithPIN: missing; the token requires a login")
	}
	return true, nil
}

// authenticate logs in with the PIN. If the token rejects the PIN, it keeps the error, and the PIN is not tried again.
func (t *token) authenticate(handle p11.SessionHandle, user uint) error {
	err := t.library.Login(handle, user, t.config.pin.Reveal())
	switch {
	case err == nil, errors.Is(err, p11.Error(p11.CKR_USER_ALREADY_LOGGED_IN)):
		return nil
	case isPINError(err):
		t.rejected = explain("C_Login", err)
		return t.rejected
	}
	return explain("C_Login", err)
}

// confirm logs in with the PIN for one signature, which a key with CKA_ALWAYS_AUTHENTICATE requires.
func (t *token) confirm(handle p11.SessionHandle) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rejected != nil {
		return t.rejected
	}
	return t.authenticate(handle, p11.CKU_CONTEXT_SPECIFIC)
}
