package demoapp

import (
	"errors"
	"net/http"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// problem is an error with a message for the user.
type problem struct {
	status  int
	message string
	field   string // the field of the form that the message is about; empty if it is about none
}

func (p *problem) Error() string { return p.message }

var (
	errSignIn     = &problem{status: http.StatusUnauthorized, message: "Your session has ended. Please sign in again."}
	errNotFound   = &problem{status: http.StatusNotFound, message: "There is nothing at this address."}
	errBeginAgain = &problem{status: http.StatusConflict, message: "Another request took the place of this one, or it took too long. Please begin again."}
	errNewCode    = &problem{status: http.StatusConflict, message: "Your code is too old to add a passkey. Please ask for a new one."}
	errNoPasskey  = &problem{status: http.StatusConflict, message: "Please create a passkey first."}
	errCannotSign = &problem{status: http.StatusForbidden, message: "You can look at this account, but not sign for it."}
)

// explain returns the status and the message with which err is shown to the user. unexpected says that the error should
// be logged as well.
func explain(err error) (shown *problem, unexpected bool) {
	var tooLarge *http.MaxBytesError
	var rejectedPasskey *passkey.Error
	var rejectedByAPI *byzantine.Error
	say := func(status int, message string) *problem { return &problem{status: status, message: message} }
	switch {
	case errors.As(err, &shown):
		return shown, false
	case errors.Is(err, byzantine.ErrNotFound):
		return errNotFound, false
	case errors.Is(err, byzantine.ErrInvalidRequest):
		return say(http.StatusBadRequest, "Please check what you have entered."), true
	case errors.As(err, &tooLarge):
		return say(http.StatusRequestEntityTooLarge, "This is too large."), false
	case errors.Is(err, byzantine.ErrOutcomeUnknown):
		return say(http.StatusBadGateway, "We got no response, so we do not know whether it took effect. Please check before you try again."), true
	case errors.Is(err, byzantine.ErrRateLimited):
		return say(http.StatusTooManyRequests, "That was too often. Please wait a minute before you try again."), true
	case errors.Is(err, passkey.ErrExpired), errors.Is(err, passkey.ErrState):
		return errBeginAgain, false
	case errors.Is(err, passkey.ErrCredential):
		return say(http.StatusForbidden, "This passkey is not one of your account's."), false
	case errors.Is(err, passkey.ErrConfiguration):
		return say(http.StatusInternalServerError, "That did not work, and it is our fault."), true
	case errors.As(err, &rejectedPasskey):
		return say(http.StatusBadRequest, "We cannot accept the response of your passkey."), true
	case errors.As(err, &rejectedByAPI) && rejectedByAPI.StatusCode == http.StatusBadRequest:
		// The API's message is for developers. It is shown to the user because this is an example.
		return say(http.StatusBadRequest, "This was rejected: "+rejectedByAPI.Message+"."), true
	}
	return say(http.StatusBadGateway, "That did not work. Please try again."), true
}
