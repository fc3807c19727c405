package byzantine

import (
	"fmt"
	"slices"
	"strings"
)

// AuthenticatorParam is a passkey in the form that the API takes: the fields of the browser's registration response.
// Package passkey checks what a browser sent and makes one from it.
type AuthenticatorParam struct {
	// AuthenticatorName is the label that the user sees in a list of passkeys.
	AuthenticatorName string `json:"authenticatorName"`
	// Challenge is the challenge in clientDataJSON, unpadded base64url.
	Challenge string `json:"challenge" check:"base64url"`
	// Attestation is what the authenticator returned.
	Attestation Attestation `json:"attestation"`
}

// Attestation is the result of a WebAuthn registration (W3C WebAuthn, section 5.2.1). Its three strings are raw bytes
// in unpadded base64url. The bytes must not be decoded and encoded again, because the authenticator's signature covers
// exactly these bytes.
type Attestation struct {
	// CredentialID is the raw id of the credential. (The API's documentation calls it "CBOR encoded"; it is not.)
	CredentialID string `json:"credentialId" check:"base64url"`
	// ClientDataJSON is the browser's clientDataJSON.
	ClientDataJSON string `json:"clientDataJson" check:"base64url"`
	// AttestationObject is the CBOR attestation object.
	AttestationObject string `json:"attestationObject" check:"base64url"`
	// Transports says how the authenticator can be reached. It is required: it may be empty but not nil.
	Transports []AuthenticatorTransport `json:"transports"`
}

// AuthenticatorTransport is a way to reach an authenticator (W3C WebAuthn, section 5.8.4), in the API's spelling.
// Values that are not listed here pass through.
type AuthenticatorTransport string

// The transports that the API names. TransportUnknown stands for any other transport that a browser reports.
const (
	TransportBLE      AuthenticatorTransport = "AUTHENTICATOR_TRANSPORT_BLE"
	TransportInternal AuthenticatorTransport = "AUTHENTICATOR_TRANSPORT_INTERNAL"
	TransportNFC      AuthenticatorTransport = "AUTHENTICATOR_TRANSPORT_NFC"
	TransportUSB      AuthenticatorTransport = "AUTHENTICATOR_TRANSPORT_USB"
	TransportHybrid   AuthenticatorTransport = "AUTHENTICATOR_TRANSPORT_HYBRID"
	TransportUnknown  AuthenticatorTransport = "Unknown"
)

// ChainID is the number of a blockchain (EIP-155). Chains that are not listed here are valid as well.
type ChainID int64

// The chains that Byzantine supports.
const (
	ChainEthereum ChainID = 1
	ChainBase     ChainID = 8453
)

// Validate rejects zero and negative numbers.
func (c ChainID) Validate() error {
	switch {
	case c == 0:
		return invalidValue(c, "missing")
	case c < 0:
		return invalidValue(c, "must be positive")
	}
	return nil
}

// Currency is a fiat currency or a stablecoin. A response may hold a currency that is not listed here; a request may
// not.
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

// CryptoCurrency is a stablecoin: a currency that can be transferred on a chain. A response may hold a stablecoin that
// is not listed here; a request may not.
type CryptoCurrency string

// The stablecoins.
const (
	CryptoUSDC CryptoCurrency = "usdc"
	CryptoEURC CryptoCurrency = "eurc"
)

// Validate rejects a stablecoin that is not listed here.
func (c CryptoCurrency) Validate() error { return oneOf(c, CryptoUSDC, CryptoEURC) }

// FiatCurrency is a fiat currency. In balances it also stands for the stablecoin that is pegged to it: an idle balance
// of CurrencyEURC is shown as "eur". Values that are not listed here pass through.
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

// Validate rejects any other order, to which the API would respond with a 400.
func (o SortOrder) Validate() error { return oneOf(o, OrderAscending, OrderDescending) }

// CountryCode is a country by its three letters (ISO 3166-1 alpha-3): "FRA", "USA".
type CountryCode string

// Validate checks only that the code is three upper-case letters. The API accepts 139 of the codes and may change
// which, so this package does not list them.
func (c CountryCode) Validate() error {
	if len(c) != 3 || strings.ContainsFunc(string(c), func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return invalidValue(c, "must be three upper-case letters (ISO 3166-1 alpha-3)")
	}
	return nil
}

// Address is a postal address. An update must send the whole address, because its fields are required there as well.
type Address struct {
	StreetLine1 string `json:"streetLine1"`
	StreetLine2 string `json:"streetLine2,omitzero"`
	City        string `json:"city"`
	// State is the code of the state or province. It is required for persons in the United States.
	State      string      `json:"state,omitzero"`
	PostalCode string      `json:"postalCode"`
	Country    CountryCode `json:"country"`
}

// VerificationStatus says how far the verification (KYC, KYB) of a customer or of an associated person has come. Values
// that are not listed here pass through.
type VerificationStatus string

// The verification statuses.
const (
	VerificationNotStarted VerificationStatus = "not_started"
	// VerificationInit means that the customer's data or documents are missing: send them.
	VerificationInit VerificationStatus = "init"
	// VerificationUnderReview takes minutes for persons, a day or two for entities: wait.
	VerificationUnderReview VerificationStatus = "under_review"
	// VerificationAwaitingAssociatedPersonInformation means that an associated person's data are missing: send them.
	VerificationAwaitingAssociatedPersonInformation VerificationStatus = "awaiting_associated_person_information"
	// VerificationAwaitingInformation means that the customer's data or documents are missing: send them.
	VerificationAwaitingInformation VerificationStatus = "awaiting_information"
	// VerificationResubmissionRequested means rejected for now: correct the data and send them again.
	VerificationResubmissionRequested VerificationStatus = "resubmission_requested"
	// VerificationActive means that the customer may transact.
	VerificationActive VerificationStatus = "active"
	// VerificationRejected means rejected for good.
	VerificationRejected VerificationStatus = "rejected"
	// VerificationInactive means deactivated by an administrator.
	VerificationInactive VerificationStatus = "inactive"
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

// NeedsAction reports whether the verification waits until you send data or documents. It is false for a status that
// this package does not know.
func (s VerificationStatus) NeedsAction() bool {
	switch s {
	case VerificationNotStarted, VerificationInit, VerificationAwaitingAssociatedPersonInformation, VerificationAwaitingInformation, VerificationResubmissionRequested:
		return true
	}
	return false
}

// oneOf rejects a value that is not allowed, for the enumerations of requests. The error lists the values that are.
func oneOf[T ~string](value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	return invalidValue(value, "must be one of "+strings.Join(words, ", "))
}

// valueError is what is wrong with a value, by its type. In the error of a request the field's path stands in place of
// the type: package wire asks for the Reason.
type valueError struct{ kind, reason string }

func invalidValue(value any, reason string) error {
	_, kind, _ := strings.Cut(fmt.Sprintf("%T", value), ".")
	return &valueError{kind, reason}
}

func (e *valueError) Error() string  { return "byzantine: " + e.kind + ": " + e.reason }
func (e *valueError) Reason() string { return e.reason }
