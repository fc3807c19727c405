package passkeytest

import "encoding/json"

// Get does what navigator.credentials.get does: it takes PublicKeyCredentialRequestOptionsJSON, signs and returns
// AuthenticationResponseJSON (W3C WebAuthn, section 5.1). With an empty allowCredentials it signs with the newest
// discoverable credential of the relying party. A rejection is a *[DOMException].
func (a *Authenticator) Get(optionsJSON []byte) (authenticationResponseJSON []byte, err error) {
	var options requestOptions
	if err := decodeCeremonyOptions(optionsJSON, &options); err != nil {
		return nil, err
	}
	if len(options.Challenge) == 0 {
		return nil, &DOMException{"TypeError", "options.challenge: missing"}
	}
	origin, rpID, err := a.scope(options.RPID)
	if err != nil {
		return nil, err
	}
	if err := a.checkUserVerification(options.UserVerification); err != nil {
		return nil, err
	}
	clientData, err := collectClientData("webauthn.get", options.Challenge, origin)
	if err != nil {
		return nil, err
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.proceed() {
		return nil, errDismissed
	}
	c := a.find(rpID, func(c *credentialSource) bool {
		if len(options.AllowCredentials) == 0 {
			return c.discoverable
		}
		return listed(options.AllowCredentials, c)
	})
	if c == nil {
		return nil, &DOMException{"NotAllowedError", "the authenticator has no credential that fits"}
	}
	if a.counts {
		c.signCount++
	}
	authData := a.authenticatorData(c, options.UserVerification, nil)
	signature, err := c.key.sign(authData, clientData)
	if err != nil {
		return nil, err
	}
	return json.Marshal(publicKeyCredential{
		ID: c.id, RawID: c.id, Type: "public-key", AuthenticatorAttachment: a.attachment(),
		Response: assertionResponse{
			ClientDataJSON: clientData, AuthenticatorData: authData, Signature: signature, UserHandle: c.userHandle,
		},
	})
}
