package passkeytest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// base64URL is bytes that are written in JSON as unpadded base64url, the only form that a browser reads and writes.
type base64URL []byte

func (b base64URL) MarshalText() ([]byte, error) {
	return []byte(base64.RawURLEncoding.EncodeToString(b)), nil
}

func (b *base64URL) UnmarshalText(text []byte) error {
	// The decoder of the standard library skips line breaks; a browser does not.
	if bytes.ContainsAny(text, "\r\n") {
		return errNotBase64URL
	}
	decoded, err := base64.RawURLEncoding.DecodeString(string(text))
	if err != nil {
		return errNotBase64URL
	}
	*b = decoded
	return nil
}

var (
	errNotBase64URL = &DOMException{"EncodingError", "options: a field must be unpadded base64url"}
	errDismissed    = &DOMException{"NotAllowedError", "the user dismissed the ceremony"}
)

// creationOptions is PublicKeyCredentialCreationOptionsJSON with the fields that this authenticator uses.
type creationOptions struct {
	RP struct {
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"rp"`
	User struct {
		ID          base64URL `json:"id"`
		Name        *string   `json:"name"`
		DisplayName *string   `json:"displayName"`
	} `json:"user"`
	Challenge              base64URL              `json:"challenge"`
	PubKeyCredParams       []credentialParameter  `json:"pubKeyCredParams"`
	ExcludeCredentials     []credentialDescriptor `json:"excludeCredentials"`
	AuthenticatorSelection authenticatorSelection `json:"authenticatorSelection"`
}

type credentialParameter struct {
	Type string    `json:"type"`
	Alg  Algorithm `json:"alg"`
}

type credentialDescriptor struct {
	Type string    `json:"type"`
	ID   base64URL `json:"id"`
}

type authenticatorSelection struct {
	AuthenticatorAttachment string `json:"authenticatorAttachment"`
	ResidentKey             string `json:"residentKey"`
	RequireResidentKey      bool   `json:"requireResidentKey"`
	UserVerification        string `json:"userVerification"`
}

// discoverable reports whether the new credential is discoverable, which means that options need not name its id (W3C
// WebAuthn, section 5.4.4). If the page does not set residentKey, the older requireResidentKey decides.
func (s authenticatorSelection) discoverable() bool {
	if s.ResidentKey == "" {
		return s.RequireResidentKey
	}
	return s.ResidentKey != "discouraged"
}

// check rejects options without the fields that their dictionary requires (W3C WebAuthn, section 5.4).
func (o *creationOptions) check() error {
	missing := ""
	switch {
	case o.RP.Name == nil:
		missing = "rp.name"
	case o.User.Name == nil:
		missing = "user.name"
	case o.User.DisplayName == nil:
		missing = "user.displayName"
	case o.PubKeyCredParams == nil:
		missing = "pubKeyCredParams"
	case len(o.Challenge) == 0:
		missing = "challenge"
	case len(o.User.ID) == 0 || len(o.User.ID) > 64:
		return &DOMException{"TypeError", "options.user.id: must have 1 to 64 bytes"}
	}
	if missing != "" {
		return &DOMException{"TypeError", "options." + missing + ": missing"}
	}
	return nil
}

// requestOptions is PublicKeyCredentialRequestOptionsJSON with the fields that this authenticator uses.
type requestOptions struct {
	Challenge        base64URL              `json:"challenge"`
	RPID             string                 `json:"rpId"`
	AllowCredentials []credentialDescriptor `json:"allowCredentials"`
	UserVerification string                 `json:"userVerification"`
}

// publicKeyCredential is RegistrationResponseJSON or AuthenticationResponseJSON, depending on the type of Response.
type publicKeyCredential struct {
	ID                      base64URL `json:"id"`
	RawID                   base64URL `json:"rawId"`
	Response                any       `json:"response"`
	AuthenticatorAttachment string    `json:"authenticatorAttachment"`
	ClientExtensionResults  struct{}  `json:"clientExtensionResults"`
	Type                    string    `json:"type"`
}

type attestationResponse struct {
	ClientDataJSON     base64URL `json:"clientDataJSON"`
	AuthenticatorData  base64URL `json:"authenticatorData"`
	Transports         []string  `json:"transports"`
	PublicKey          base64URL `json:"publicKey"`
	PublicKeyAlgorithm Algorithm `json:"publicKeyAlgorithm"`
	AttestationObject  base64URL `json:"attestationObject"`
}

type assertionResponse struct {
	ClientDataJSON    base64URL `json:"clientDataJSON"`
	AuthenticatorData base64URL `json:"authenticatorData"`
	Signature         base64URL `json:"signature"`
	UserHandle        base64URL `json:"userHandle"`
}

func decodeCeremonyOptions(data []byte, options any) error {
	err := json.Unmarshal(data, options)
	var mismatch *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errNotBase64URL):
		return &DOMException{errNotBase64URL.Name, notBase64URLField(data) + ": must be unpadded base64url"}
	case errors.As(err, &mismatch):
		return &DOMException{"TypeError", strings.TrimSuffix("options."+mismatch.Field, ".") + ": must not be a " + mismatch.Value}
	}
	return &DOMException{"TypeError", "options: must be a JSON object"}
}

// notBase64URLField returns the path of the first field of the options that is not unpadded base64url, because the error
// of encoding/json does not name it.
func notBase64URLField(data []byte) string {
	type descriptor struct {
		ID string `json:"id"`
	}
	var options struct {
		User      descriptor   `json:"user"`
		Challenge string       `json:"challenge"`
		Allowed   []descriptor `json:"allowCredentials"`
		Excluded  []descriptor `json:"excludeCredentials"`
	}
	json.Unmarshal(data, &options) // what can be read of them
	texts := []struct{ path, text string }{{"user.id", options.User.ID}, {"challenge", options.Challenge}}
	for i, d := range options.Allowed {
		texts = append(texts, struct{ path, text string }{fmt.Sprintf("allowCredentials[%d].id", i), d.ID})
	}
	for i, d := range options.Excluded {
		texts = append(texts, struct{ path, text string }{fmt.Sprintf("excludeCredentials[%d].id", i), d.ID})
	}
	for _, t := range texts {
		if new(base64URL).UnmarshalText([]byte(t.text)) != nil {
			return "options." + t.path
		}
	}
	return "options"
}

// scope returns the origin of the page and the relying party id of the ceremony. It returns a SecurityError if the
// origin is not https (or http://localhost), or if its host is not the id or a subdomain of it (W3C WebAuthn, section
// 5.1.3). Unlike a browser it accepts an id that is a public suffix, such as "com".
func (a *Authenticator) scope(rpID string) (origin, effectiveRPID string, err error) {
	origin = a.origin
	if origin == "" {
		origin = "https://" + rpID
	}
	page, err := url.Parse(origin)
	if err != nil || page.Host == "" || page.Scheme+"://"+page.Host != origin {
		return "", "", &DOMException{"SecurityError", "the page has no origin of the form https://host"}
	}
	host := page.Hostname()
	if page.Scheme != "https" && (page.Scheme != "http" || host != "localhost") {
		return "", "", &DOMException{"SecurityError", "the page is neither on https nor on http://localhost"}
	}
	if rpID == "" {
		rpID = host
	}
	if host != rpID && !strings.HasSuffix(host, "."+rpID) {
		return "", "", &DOMException{"SecurityError", "the relying party id is no suffix of the page's domain"}
	}
	return origin, rpID, nil
}
