package e2e

import "github.com/chromedp/cdproto/webauthn"

// device is a virtual authenticator in a tab.
type device struct {
	tab *tab
	id  webauthn.AuthenticatorID
}

// platform returns the options of an authenticator like those of phones and laptops: it verifies its user and
// synchronises its passkeys.
func platform() webauthn.VirtualAuthenticatorOptions {
	return webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		DefaultBackupEligibility: true, DefaultBackupState: true,
	}
}

// reachedBy returns the options of platform with another transport, for an authenticator that is not part of the
// device.
func reachedBy(transport webauthn.AuthenticatorTransport) webauthn.VirtualAuthenticatorOptions {
	options := platform()
	options.Transport = transport
	return options
}

// u2fSecurityKey returns the options of an old security key, from before FIDO2: it neither verifies its user nor stores
// passkeys.
func u2fSecurityKey() webauthn.VirtualAuthenticatorOptions {
	return webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolU2f, Transport: webauthn.AuthenticatorTransportUsb, AutomaticPresenceSimulation: true,
	}
}

// plugIn adds a virtual authenticator to the tab.
func (p *tab) plugIn(options webauthn.VirtualAuthenticatorOptions) *device {
	p.t.Helper()
	call(p, webauthn.Enable, webauthn.EnableParams{})
	added := call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &options})
	return &device{p, added.AuthenticatorID}
}

// credentials returns what the authenticator stores, private keys included.
func (d *device) credentials() []*webauthn.Credential {
	d.tab.t.Helper()
	return call(d.tab, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: d.id}).Credentials
}

// unplug removes the authenticator from the tab, with all that it stores.
func (d *device) unplug() {
	d.tab.t.Helper()
	call(d.tab, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: d.id})
}

// verifyUser sets whether the authenticator recognises its user from now on.
func (d *device) verifyUser(recognised bool) {
	d.tab.t.Helper()
	call(d.tab, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: d.id, IsUserVerified: recognised})
}
