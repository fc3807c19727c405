package e2e

import "github.com/chromedp/cdproto/webauthn"

// device is a virtual authenticator in a tab.
type device struct {
	tab *tab
	id  webauthn.AuthenticatorID
}

// platform is what phones and laptops have: it verifies its user and synchronises its passkeys.
func platform() webauthn.VirtualAuthenticatorOptions {
	return webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		DefaultBackupEligibility: true, DefaultBackupState: true,
	}
}

// reachedBy is an authenticator like platform's at another place.
func reachedBy(transport webauthn.AuthenticatorTransport) webauthn.VirtualAuthenticatorOptions {
	options := platform()
	options.Transport = transport
	return options
}

// u2fSecurityKey is an old one, from before FIDO2: it neither verifies its user nor keeps passkeys.
func u2fSecurityKey() webauthn.VirtualAuthenticatorOptions {
	return webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolU2f, Transport: webauthn.AuthenticatorTransportUsb, AutomaticPresenceSimulation: true,
	}
}

// plugIn gives the tab an authenticator.
func (p *tab) plugIn(options webauthn.VirtualAuthenticatorOptions) *device {
	p.t.Helper()
	call(p, webauthn.Enable, webauthn.EnableParams{})
	added := call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &options})
	return &device{p, added.AuthenticatorID}
}

// credentials is what the authenticator holds, private keys included.
func (d *device) credentials() []*webauthn.Credential {
	d.tab.t.Helper()
	return call(d.tab, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: d.id}).Credentials
}

// unplug takes the authenticator away, with what it holds.
func (d *device) unplug() {
	d.tab.t.Helper()
	call(d.tab, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: d.id})
}

// verifyUser says whether the authenticator recognises its user from now on.
func (d *device) verifyUser(recognised bool) {
	d.tab.t.Helper()
	call(d.tab, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: d.id, IsUserVerified: recognised})
}
