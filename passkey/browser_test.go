package passkey_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// recordedChallenge is the challenge of all recordings in testdata: the bytes 0 to 31.
const recordedChallenge = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

// recordedCeremony returns the relying party and the state that belong to a recording.
func recordedCeremony(r recording) (*passkey.RelyingParty, *passkey.RegistrationState) {
	rp := &passkey.RelyingParty{
		ID: r.RPID, Name: "Example", Origins: []string{r.Origin},
		UserVerification: passkey.UserVerificationPreferred, // the recorded U2F key cannot verify its user
	}
	return rp, &passkey.RegistrationState{
		UserID: "user-1", RelyingPartyID: r.RPID, Challenge: recordedChallenge, ExpiresAt: time.Now().Add(time.Minute),
	}
}

func TestRealBrowsers(t *testing.T) {
	all := recordings(t)
	type transports = []byzantine.AuthenticatorTransport
	for name, want := range map[string]transports{
		"chromium-platform-none":             {byzantine.TransportInternal},
		"chromium-platform-packed-x5c":       {byzantine.TransportInternal},
		"chromium-platform-rs256":            {byzantine.TransportInternal},
		"chromium-platform-rs256-packed-x5c": {byzantine.TransportInternal},
		"chromium-usb-u2f":                   {byzantine.TransportUSB},
		"chromium-smartcard-none":            {byzantine.TransportNFC, byzantine.TransportUnknown},
		"chromium-hybrid-none":               {byzantine.TransportBLE, byzantine.TransportHybrid},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, all, name)
			rp, state := recordedCeremony(all[name])
			c, err := rp.FinishRegistration(state, all[name].Response, "phone")
			require.NoError(t, err)
			requireSound(t, c)
			assert.Equal(t, want, c.Authenticator.Attestation.Transports)
		})
	}
}

func TestRealBrowserWithAnotherAlgorithm(t *testing.T) {
	r, ok := recordings(t)["chromium-platform-eddsa"]
	require.True(t, ok)
	rp, state := recordedCeremony(r)
	_, err := rp.FinishRegistration(state, r.Response, "phone")
	requireRejection(t, err, passkey.ErrUnsupportedKey, "credential.response.attestationObject.authData.credentialPublicKey")
}

// An attestation statement that the manufacturer's key has not signed is rejected, in each of the formats that a
// browser made.
func TestRealBrowserWithForgedAttestation(t *testing.T) {
	all := recordings(t)
	for _, name := range []string{"chromium-platform-packed-x5c", "chromium-platform-rs256-packed-x5c", "chromium-usb-u2f"} {
		t.Run(name, func(t *testing.T) {
			f := takeApart(t, all[name].Response)
			signature := f.object["attStmt"].(map[any]any)["sig"].([]byte)
			signature[len(signature)-1] ^= 1
			forged := f.putTogether(t)

			rp, state := recordedCeremony(all[name])
			_, err := rp.FinishRegistration(state, forged, "phone")
			requireRejection(t, err, passkey.ErrAttestation, "credential.response.attestationObject.attStmt")
			_, err = passkey.ParseUnverified(forged, "phone")
			require.NoError(t, err, "without a ceremony the attestation is not looked at, as the documentation says")
		})
	}
}
