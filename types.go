package byzantine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// AuthenticatorParam is a passkey as the API takes it: the browser's registration response, field by field.
// Package passkey makes one from what a browser sent and checks it on the way.
type AuthenticatorParam struct {
	// AuthenticatorName is the label that the user sees in a list of passkeys.
	AuthenticatorName string `json:"authenticatorName"`
	// Challenge is the challenge that stands in clientDataJSON, unpadded base64url.
	Challenge string `json:"challenge" check:"base64url"`
	// Attestation is what the authenticator returned.
	Attestation Attestation `json:"attestation"`
}

// Attestation is the result of a WebAuthn registration (W3C WebAuthn, section 5.2.1). Its three strings are raw
// bytes in unpadded base64url, never re-serialised: the authenticator's signature covers those very bytes.
type Attestation struct {
	// CredentialID is the raw id of the credential. (The API's own text calls it "CBOR encoded"; it is not.)
	CredentialID string `json:"credentialId" check:"base64url"`
	// ClientDataJSON is the browser's clientDataJSON.
	ClientDataJSON string `json:"clientDataJson" check:"base64url"`
	// AttestationObject is the CBOR attestation object.
	AttestationObject string `json:"attestationObject" check:"base64url"`
	// Transports says how the authenticator can be reached. Required; it may be empty but not nil.
	Transports []AuthenticatorTransport `json:"transports"`
}

// AuthenticatorTransport is a way to reach an authenticator (W3C WebAuthn, section 5.8.4), in the API's spelling.
// Values that are not listed here pass through.
type AuthenticatorTransport string

// The transports that the API names. TransportUnknown stands for any other that a browser reports.
const (
	TransportBLE      AuthenticatorTransport = "AUTHENTICATOR_TRANSPORT_BLE"
	TransportInternal AuthenticatorTransport = "AUTHENTICATOR_TRANSPORT_INTERNAL"
	TransportNFC      AuthenticatorTransport = "AUTHENTICATOR_TRANSPORT_NFC"
	TransportUSB      AuthenticatorTransport = "AUTHENTICATOR_TRANSPORT_USB"
	TransportHybrid   AuthenticatorTransport = "AUTHENTICATOR_TRANSPORT_HYBRID"
	TransportUnknown  AuthenticatorTransport = "Unknown"
)

// ChainID is the number of a chain (EIP-155). Chains that are not listed here pass through.
type ChainID int64

// The chains that Byzantine works on.
const (
	ChainEthereum ChainID = 1
	ChainBase     ChainID = 8453
)

// Validate rejects what cannot be a chain.
func (c ChainID) Validate() error {
	switch {
	case c == 0:
		return errors.New("missing")
	case c < 0:
		return errors.New("must be positive")
	}
	return nil
}

// Currency is a currency, fiat or stablecoin. A response may hold one that is not listed here; a request may not.
type Currency string

// The currencies.
const (
	CurrencyUSD  Currency = "usd"
	CurrencyEUR  Currency = "eur"
	CurrencyUSDC Currency = "usdc"
	CurrencyEURC Currency = "eurc"
)

// Validate rejects a currency that is not listed here.
func (c Currency) Validate() error {
	return oneOf(c, CurrencyUSD, CurrencyEUR, CurrencyUSDC, CurrencyEURC)
}

// CryptoCurrency is a stablecoin, what can be transferred on a chain. A response may hold one that is not listed here; a
// request may not.
type CryptoCurrency string

// The stablecoins.
const (
	CryptoUSDC CryptoCurrency = "usdc"
	CryptoEURC CryptoCurrency = "eurc"
)

// Validate rejects a stablecoin that is not listed here.
func (c CryptoCurrency) Validate() error { return oneOf(c, CryptoUSDC, CryptoEURC) }

// FiatCurrency is a currency of a state. In balances it also labels the stablecoin that follows it: an idle balance of
// CurrencyEURC is shown as "eur". Values that are not listed here pass through.
type FiatCurrency string

// The fiat currencies.
const (
	FiatUSD FiatCurrency = "usd"
	FiatEUR FiatCurrency = "eur"
)

// SortOrder is the order of a list.
type SortOrder string

// The orders.
const (
	OrderAscending  SortOrder = "asc"
	OrderDescending SortOrder = "desc"
)

// Validate rejects anything else; the API responds with a 400 to it.
func (o SortOrder) Validate() error { return oneOf(o, OrderAscending, OrderDescending) }

// CountryCode is a country by its three letters (ISO 3166-1 alpha-3): "FRA", "USA".
type CountryCode string

// Validate checks the shape only. The API accepts 139 of the codes; which ones is its decision and changes with it, so
// it is not repeated here.
func (c CountryCode) Validate() error {
	if len(c) != 3 || strings.ContainsFunc(string(c), func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return errors.New("must be three upper-case letters (ISO 3166-1 alpha-3)")
	}
	return nil
}

// Address is a postal address.
type Address struct {
	StreetLine1 string  `json:"streetLine1"`
	StreetLine2 *string `json:"streetLine2,omitzero"`
	City        string  `json:"city"`
	// State is the state or province by its code. Persons in the United States need it.
	State      *string     `json:"state,omitzero"`
	PostalCode string      `json:"postalCode"`
	Country    CountryCode `json:"country"`
}

// VerificationStatus says how far the verification (KYC, KYB) of a customer or of an associated person is.
// Values that are not listed here pass through.
type VerificationStatus string

// The verification statuses.
const (
	VerificationNotStarted                          VerificationStatus = "not_started"
	VerificationInit                                VerificationStatus = "init"                                   // data or documents are to be sent
	VerificationUnderReview                         VerificationStatus = "under_review"                           // wait: minutes for persons, a day or two for entities
	VerificationAwaitingAssociatedPersonInformation VerificationStatus = "awaiting_associated_person_information" // an associated person's data are to be sent
	VerificationAwaitingInformation                 VerificationStatus = "awaiting_information"                   // data or documents are to be sent
	VerificationResubmissionRequested               VerificationStatus = "resubmission_requested"                 // rejected for now: correct it and send it again
	VerificationActive                              VerificationStatus = "active"                                 // may transact
	VerificationRejected                            VerificationStatus = "rejected"                               // rejected for good
	VerificationInactive                            VerificationStatus = "inactive"                               // deactivated by an administrator
)

// Terminal reports whether the verification has ended: the customer may transact, was rejected for good, or was
// deactivated. A status that this package does not know is not terminal.
func (s VerificationStatus) Terminal() bool {
	switch s {
	case VerificationActive, VerificationRejected, VerificationInactive:
		return true
	}
	return false
}

// NeedsAction reports whether the verification stands still until data or documents are sent. A status that this package
// does not know needs none.
func (s VerificationStatus) NeedsAction() bool {
	switch s {
	case VerificationNotStarted, VerificationInit, VerificationAwaitingAssociatedPersonInformation, VerificationAwaitingInformation, VerificationResubmissionRequested:
		return true
	}
	return false
}

// oneOf rejects a word that is not allowed, for the closed sets of requests. It lists the words that are.
func oneOf[T ~string](value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	return fmt.Errorf("must be one of %s", strings.Join(words, ", "))
}
