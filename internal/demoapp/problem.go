package demoapp

import (
	"errors"
	"net/http"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// problem is an error that the user can do something about.
type problem struct {
	status  int
	message string
}

func (p *problem) Error() string { return p.message }

var (
	errSignIn     = &problem{http.StatusUnauthorized, "Please sign in again."}
	errNotFound   = &problem{http.StatusNotFound, "There is nothing at this address."}
	errBeginAgain = &problem{http.StatusConflict, "This was begun anew since, or took too long. Please begin again."}
	errNewCode    = &problem{http.StatusConflict, "Your code is too old to add a passkey. Please ask for a new one."}
	errNoPasskey  = &problem{http.StatusConflict, "Please create a passkey first."}
)

// explain finds a status and words for the user. unexpected says that the log should have the error as well.
func explain(err error) (status int, message string, unexpected bool) {
	var known *problem
	var tooLarge *http.MaxBytesError
	var refusedPasskey *passkey.Error
	var refusedByAPI *byzantine.Error
	switch {
	case errors.As(err, &known):
		return known.status, known.message, false
	case errors.Is(err, byzantine.ErrNotFound):
		return errNotFound.status, errNotFound.message, false
	case errors.Is(err, byzantine.ErrInvalidRequest):
		return http.StatusBadRequest, "Please check what you have entered.", true
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, "This is too large.", false
	case errors.Is(err, byzantine.ErrOutcomeUnknown):
		return http.StatusBadGateway, "We got no answer, so we do not know whether it took effect. Please look before you try again.", true
	case errors.Is(err, passkey.ErrExpired), errors.Is(err, passkey.ErrState):
		return errBeginAgain.status, errBeginAgain.message, false
	case errors.Is(err, passkey.ErrCredential):
		return http.StatusForbidden, "This passkey is not one of your account's.", false
	case errors.Is(err, passkey.ErrConfiguration):
		return http.StatusInternalServerError, "That did not work, and it is our fault.", true
	case errors.As(err, &refusedPasskey):
		return http.StatusBadRequest, "We cannot accept what your passkey answered.", true
	case errors.As(err, &refusedByAPI) && refusedByAPI.StatusCode == http.StatusBadRequest:
		// Its words are for developers. They are shown because this is an example.
		return http.StatusBadRequest, "This was refused: " + refusedByAPI.Message + ".", true
	}
	return http.StatusBadGateway, "That did not work. Please try again.", true
}
