package byzantinetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// A root user invites a colleague, who logs in, registers a passkey and becomes a root user too.
func TestJourneyInviteAndPromote(t *testing.T) {
	ctx := t.Context()
	sandbox := newServer(t)
	client := sandbox.Client()

	// 0. Charles has a company's account, and a passkey on his laptop.
	laptop := passkeytest.NewAuthenticator()
	charlesKey := enrolPasskey(t, laptop)
	req := analytical()
	req.RootUsers[0].Authenticators = []byzantine.AuthenticatorParam{charlesKey.Authenticator}
	company, err := client.CreateEntityAccount(ctx, req)
	require.NoError(t, err)
	charles := company.RootUsers[0]

	// 1. The invitation is prepared, shown to Charles, signed and sent.
	payload, err := client.GetInviteUsersPayloadPasskey(ctx, &byzantine.GetInviteUsersPayloadPasskeyRequest{
		AccountID: company.AccountID,
		NewUsers:  []byzantine.Invitee{{FirstName: "Mary", LastName: "Somerville", UserEmail: "mary@example.com"}},
	})
	require.NoError(t, err)
	activity, err := payload.Activity()
	require.NoError(t, err)
	require.Equal(t, byzantine.ActivityCreateUsers, activity.Type)
	require.Equal(t, "mary@example.com", activity.CreateUsers.Users[0].UserEmail)
	invited, err := client.InviteUsers(ctx, &byzantine.InviteUsersRequest{
		SignedPayload: signInBrowser(t, laptop, charlesKey, payload), InvitedBy: charles.UserID,
	})
	require.NoError(t, err)
	mary := invited.NewUsers[0]

	// 2. Mary finds a code in her mailbox. Logging in accepts the invitation.
	invitations := func() []byzantine.Invitation {
		set, err := client.GetInvitationsByEmail(ctx, &byzantine.GetInvitationsByEmailRequest{Email: "mary@example.com"})
		require.NoError(t, err)
		require.Len(t, set.Invitations, 1)
		return set.Invitations
	}
	require.Equal(t, byzantine.InvitationPending, invitations()[0].Status)
	otp, err := client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: company.AccountID, UserID: mary.UserID})
	require.NoError(t, err)
	session, err := client.OTPAuth(ctx, &byzantine.OTPAuthRequest{
		AccountID: company.AccountID, UserID: mary.UserID, OTPID: otp.OTPID, OTPCode: sandbox.OTPCode(otp.OTPID),
	})
	require.NoError(t, err)
	require.Equal(t, byzantine.InvitationAccepted, invitations()[0].Status)

	// 3. With the session she registers the passkey of her phone.
	phone := passkeytest.NewAuthenticator()
	maryKey := enrolPasskey(t, phone)
	_, err = client.CreateAuthenticatorsOTP(ctx, &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID: session.SessionID, AccountID: company.AccountID, UserID: mary.UserID,
		Authenticators: []byzantine.AuthenticatorParam{maryKey.Authenticator},
	})
	require.NoError(t, err)

	// 4. She can read, but what she signs is rejected.
	promotion := &byzantine.GetUpdateUsersRolePayloadPasskeyRequest{
		AccountID: company.AccountID, Role: byzantine.RoleRoot, UserIDs: []string{mary.UserID},
	}
	payload, err = client.GetUpdateUsersRolePayloadPasskey(ctx, promotion)
	require.NoError(t, err)
	_, err = client.UpdateUsersRole(ctx, &byzantine.UpdateUsersRoleRequest{SignedPayload: signInBrowser(t, phone, maryKey, payload)})
	require.ErrorIs(t, err, byzantine.ErrUnauthorized)

	// 5. Charles promotes her.
	quorum, err := client.UpdateUsersRole(ctx, &byzantine.UpdateUsersRoleRequest{SignedPayload: signInBrowser(t, laptop, charlesKey, payload)})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{charles.UserID, mary.UserID}, quorum.RootUserIDs)
	account, err := client.GetAccountDetails(ctx, company.AccountID)
	require.NoError(t, err)
	require.Len(t, account.Users, 2)
	assert.Equal(t, byzantine.RoleRoot, account.Users[1].Role)

	// 6. From now on she can sign: for an invitation of her own, say.
	payload, err = client.GetInviteUsersPayloadPasskey(ctx, &byzantine.GetInviteUsersPayloadPasskeyRequest{
		AccountID: company.AccountID,
		NewUsers:  []byzantine.Invitee{{FirstName: "Annabella", LastName: "Milbanke", UserEmail: "annabella@example.com"}},
	})
	require.NoError(t, err)
	_, err = client.InviteUsers(ctx, &byzantine.InviteUsersRequest{SignedPayload: signInBrowser(t, phone, maryKey, payload), InvitedBy: mary.UserID})
	require.NoError(t, err)
}
