package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/turnkeytest"
)

// A passkey that the browser has created is registered at Byzantine and at Turnkey with the same values in all fields.
func TestOnePasskeyForBoth(t *testing.T) {
	b := startBrowser(t)
	for name, device := range map[string]webauthn.VirtualAuthenticatorOptions{
		"platform": platform(), "security key": u2fSecurityKey(), "phone": reachedBy(webauthn.AuthenticatorTransportHybrid),
	} {
		t.Run(name, func(t *testing.T) {
			turnkey := turnkeytest.NewServer(turnkeytest.Organization{})
			t.Cleanup(turnkey.Close)
			s := startSite(t)
			s.accepts(device)
			v := visit(t, b, s, "ada")
			v.load(device)
			v.enrol()
			passkey := v.requireEnrolled().credential.Authenticator

			ids, err := turnkey.Client().CreateAuthenticators(t.Context(), turnkey.Organization().UserID, []byzantine.AuthenticatorParam{passkey})
			require.NoError(t, err)
			assert.Len(t, ids, 1)
			assert.Equal(t, []byzantine.AuthenticatorParam{passkey}, turnkey.Authenticators())
		})
	}
}

// Byzantine has a value for unknown transports and Turnkey has none, so Turnkey's client rejects it.
func TestTransportThatTurnkeyDoesNotHave(t *testing.T) {
	turnkey := turnkeytest.NewServer(turnkeytest.Organization{})
	t.Cleanup(turnkey.Close)
	v := visit(t, startBrowser(t), startSite(t), "ada")
	v.load(reachedBy(webauthn.AuthenticatorTransportSmartCard))
	v.enrol()
	passkey := v.requireEnrolled().credential.Authenticator
	require.Equal(t, transports{byzantine.TransportNFC, byzantine.TransportUnknown}, passkey.Attestation.Transports)

	client, user := turnkey.Client(), turnkey.Organization().UserID
	_, err := client.CreateAuthenticators(t.Context(), user, []byzantine.AuthenticatorParam{passkey})
	assert.ErrorIs(t, err, byzantine.ErrInvalidRequest)
	assert.ErrorContains(t, err, "Parameters.Authenticators[0].Attestation.Transports[1]: Turnkey has no such value")
	assert.Empty(t, turnkey.Requests())

	passkey.Attestation.Transports = passkey.Attestation.Transports[:1]
	_, err = client.CreateAuthenticators(t.Context(), user, []byzantine.AuthenticatorParam{passkey})
	assert.NoError(t, err)
}
