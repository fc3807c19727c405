package byzantine

// OperationID names an operation as the API's documentation does: "create_authenticators_otp". An [Operation] and every
// error that tells of a call carry it.
type OperationID string

// The operations, each named after the method that calls it. The API's own ids are sometimes other words:
// [OpWhoami] is get_current_integrator_capabilities.
const (
	// API health
	OpHealthCheck OperationID = "health_check"

	// Customer management
	OpGetUserDetails             OperationID = "get_user_details"
	OpGetEntityDetails           OperationID = "get_entity_details"
	OpGetAssociatedPersonDetails OperationID = "get_associated_person_details"
	OpGetCustomers               OperationID = "get_customers"
	OpCreateEntityAccount        OperationID = "create_entity_account"
	OpCreateIndividualAccount    OperationID = "create_individual_account"
	OpUpdateIndividualAccount    OperationID = "update_individual_account"
	OpUpdateEntityAccount        OperationID = "update_entity_account"
	OpAddAssociatedPerson        OperationID = "add_associated_person"
	OpUpdateAssociatedPerson     OperationID = "update_associated_person"

	// Account management
	OpGetAccountBalances               OperationID = "get_account_balances"
	OpGetAccountDetails                OperationID = "get_account_details"
	OpGetBankAccounts                  OperationID = "get_bank_accounts"
	OpAddBankAccount                   OperationID = "add_bank_account"
	OpGetInvitationsByAccountID        OperationID = "get_invitations_by_account_id"
	OpGetInvitationsByEmail            OperationID = "get_invitations_by_email"
	OpGetAllInvitations                OperationID = "get_all_invitations"
	OpGetInviteUsersPayloadPasskey     OperationID = "get_invite_users_payload_passkey"
	OpInviteUsers                      OperationID = "invite_users"
	OpGetUpdateUsersRolePayloadPasskey OperationID = "get_update_users_role_payload_passkey"
	OpUpdateUsersRole                  OperationID = "update_users_role"

	// Products
	OpGetTopVaults    OperationID = "get_top_vaults"
	OpGetVaultAPY     OperationID = "get_vault_apy"
	OpGetVaultHistory OperationID = "get_vault_history"
	OpGetAssets       OperationID = "get_assets"

	// Transactions
	OpGetTransactions                   OperationID = "get_transactions"
	OpGetTransaction                    OperationID = "get_transaction"
	OpGetAllTransactions                OperationID = "get_all_transactions"
	OpGetActivateAccountPayloadPasskey  OperationID = "get_authorization_payload_passkey"
	OpGetDepositPayloadPasskey          OperationID = "get_deposit_payload_passkey"
	OpGetWithdrawPayloadPasskey         OperationID = "get_withdraw_payload_passkey"
	OpGetCancelWithdrawalPayloadPasskey OperationID = "get_cancel_withdrawal_payload_passkey"
	OpGetTransferPayloadPasskey         OperationID = "get_transfer_payload_passkey"
	OpGetVaultUpgradePayloadPasskey     OperationID = "get_vault_upgrade_payload_passkey"
	OpSignPayloadPasskey                OperationID = "sign_payload_passkey"

	// OTP authentication
	OpInitOTP                 OperationID = "init_otp"
	OpOTPAuth                 OperationID = "otp_auth"
	OpCreateAuthenticatorsOTP OperationID = "create_authenticators_otp"

	// Webhooks
	OpCreateWebhookSubscription OperationID = "create_subscription"
	OpListWebhookSubscriptions  OperationID = "list_subscriptions"
	OpUpdateWebhookSubscription OperationID = "update_subscription"
	OpDeleteWebhookSubscription OperationID = "delete_subscription"
	OpSendTestWebhookDelivery   OperationID = "send_test_delivery"
	OpListWebhookDeliveries     OperationID = "list_deliveries"
	OpRetryWebhookDelivery      OperationID = "retry_delivery"

	// Events
	OpListEvents OperationID = "list_events"

	// Integrator key management
	OpWhoami           OperationID = "get_current_integrator_capabilities"
	OpListCredentials  OperationID = "list_credentials"
	OpCreateCredential OperationID = "create_credential"
	OpUpdateCredential OperationID = "update_credential"
	OpDeleteCredential OperationID = "delete_credential"
)
