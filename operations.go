package byzantine

import (
	"context"
	"iter"
	"net/http"
	"slices"
)

// The one table of all routes. A row gives the request and the answer type, the operation id as the API names it, the
// method and the path (a ServeMux pattern). Client methods, the local sandbox and the command line read it; nobody
// writes a path a second time.
var (
	// API health
	healthCheck = unsigned(newRoute[none, Health]("health_check", "GET", "/v1/health"))

	// Customer management
	getUserDetails             = newRoute[GetUserDetailsRequest, User]("get_user_details", "GET", "/v1/query/get-user-details")
	getEntityDetails           = newRoute[GetEntityDetailsRequest, Entity]("get_entity_details", "GET", "/v1/query/get-entity-details")
	getAssociatedPersonDetails = newRoute[GetAssociatedPersonDetailsRequest, AssociatedPerson]("get_associated_person_details", "GET", "/v1/query/get-associated-person-details")
	getCustomers               = newRoute[GetCustomersRequest, CustomerList]("get_customers", "GET", "/v1/query/get-customers")
	createEntityAccount        = newRoute[CreateEntityAccountRequest, CreateEntityAccountResponse]("create_entity_account", "POST", "/v1/submit/create-entity-account")
	createIndividualAccount    = newRoute[CreateIndividualAccountRequest, CreateIndividualAccountResponse]("create_individual_account", "POST", "/v1/submit/create-individual-account")
	updateIndividualAccount    = newRoute[UpdateIndividualAccountRequest, UpdateIndividualAccountResponse]("update_individual_account", "PATCH", "/v1/submit/update-individual-account")
	updateEntityAccount        = newRoute[UpdateEntityAccountRequest, UpdateEntityAccountResponse]("update_entity_account", "PATCH", "/v1/submit/update-entity-account")
	addAssociatedPerson        = newRoute[AddAssociatedPersonRequest, AssociatedPerson]("add_associated_person", "POST", "/v1/submit/add-associated-person")
	updateAssociatedPerson     = newRoute[UpdateAssociatedPersonRequest, UpdateAssociatedPersonResponse]("update_associated_person", "PATCH", "/v1/submit/update-associated-person")

	// Account management
	getAccountBalances               = newRoute[GetAccountBalancesRequest, AccountBalances]("get_account_balances", "GET", "/v1/query/get-account-balances")
	getAccountDetails                = newRoute[GetAccountDetailsRequest, Account]("get_account_details", "GET", "/v1/query/get-account-details")
	getBankAccounts                  = newRoute[GetBankAccountsRequest, BankAccountList]("get_bank_accounts", "GET", "/v1/query/get-bank-accounts")
	addBankAccount                   = newRoute[AddBankAccountRequest, AddedBankAccount]("add_bank_account", "POST", "/v1/submit/add-bank-account")
	getInvitationsByAccountID        = newRoute[GetInvitationsByAccountIDRequest, InvitationList]("get_invitations_by_account_id", "GET", "/v1/query/get-invitations-by-account-id")
	getInvitationsByEmail            = newRoute[GetInvitationsByEmailRequest, InvitationList]("get_invitations_by_email", "GET", "/v1/query/get-invitations-by-email")
	getAllInvitations                = newRoute[GetAllInvitationsRequest, InvitationPage]("get_all_invitations", "GET", "/v1/query/get-all-invitations")
	getInviteUsersPayloadPasskey     = newRoute[GetInviteUsersPayloadPasskeyRequest, Payload]("get_invite_users_payload_passkey", "POST", "/v1/query/get-invite-users-payload-passkey")
	inviteUsers                      = newRoute[InviteUsersRequest, InviteUsersResponse]("invite_users", "POST", "/v1/submit/invite-users")
	getUpdateUsersRolePayloadPasskey = newRoute[GetUpdateUsersRolePayloadPasskeyRequest, Payload]("get_update_users_role_payload_passkey", "POST", "/v1/query/get-update-users-role-payload-passkey")
	updateUsersRole                  = newRoute[UpdateUsersRoleRequest, RootQuorum]("update_users_role", "POST", "/v1/submit/update-users-role")

	// Products
	getTopVaults    = newRoute[GetTopVaultsRequest, []Vault]("get_top_vaults", "GET", "/v1/query/top-vaults")
	getVaultAPY     = newRoute[GetVaultAPYRequest, VaultAPY]("get_vault_apy", "GET", "/v1/query/apy/{vault_id}")
	getVaultHistory = newRoute[GetVaultHistoryRequest, VaultHistory]("get_vault_history", "GET", "/v1/query/history/{vault_id}")
	getAssets       = newRoute[GetAssetsRequest, []Asset]("get_assets", "GET", "/v1/query/assets")

	// Transactions
	getTransactions                   = newRoute[GetTransactionsRequest, []Transaction]("get_transactions", "GET", "/v1/query/get-transactions")
	getTransaction                    = newRoute[GetTransactionRequest, Transaction]("get_transaction", "GET", "/v1/query/get-transaction")
	getAllTransactions                = newRoute[GetAllTransactionsRequest, TransactionPage]("get_all_transactions", "GET", "/v1/query/get-all-transactions")
	getActivateAccountPayloadPasskey  = newRoute[GetActivateAccountPayloadPasskeyRequest, Payload]("get_authorization_payload_passkey", "POST", "/v1/query/get-activate-account-payload-passkey")
	getDepositPayloadPasskey          = newRoute[GetDepositPayloadPasskeyRequest, Payload]("get_deposit_payload_passkey", "POST", "/v1/query/get-deposit-payload-passkey")
	getWithdrawPayloadPasskey         = newRoute[GetWithdrawPayloadPasskeyRequest, Payload]("get_withdraw_payload_passkey", "POST", "/v1/query/get-withdraw-payload-passkey")
	getCancelWithdrawalPayloadPasskey = newRoute[GetCancelWithdrawalPayloadPasskeyRequest, Payload]("get_cancel_withdrawal_payload_passkey", "POST", "/v1/query/get-cancel-withdrawal-payload-passkey")
	getTransferPayloadPasskey         = newRoute[GetTransferPayloadPasskeyRequest, Payload]("get_transfer_payload_passkey", "POST", "/v1/query/get-transfer-payload-passkey")
	getVaultUpgradePayloadPasskey     = newRoute[GetVaultUpgradePayloadPasskeyRequest, Payload]("get_vault_upgrade_payload_passkey", "POST", "/v1/query/get-vault-upgrade-payload-passkey")
	signPayloadPasskey                = newRoute[SignPayloadPasskeyRequest, SubmittedTransaction]("sign_payload_passkey", "POST", "/v1/submit/sign-payload-passkey")

	// OTP authentication
	initOTP                 = newRoute[InitOTPRequest, InitOTPResponse]("init_otp", "POST", "/v1/submit/init-otp")
	otpAuth                 = newRoute[OTPAuthRequest, OTPSession]("otp_auth", "POST", "/v1/submit/otp-auth")
	createAuthenticatorsOTP = newRoute[CreateAuthenticatorsOTPRequest, CreateAuthenticatorsOTPResponse]("create_authenticators_otp", "POST", "/v1/submit/create-authenticators-otp")

	// Webhooks
	createWebhookSubscription = newRoute[CreateWebhookSubscriptionRequest, WebhookSubscriptionWithKey]("create_subscription", "POST", "/v1/webhooks/subscriptions")
	listWebhookSubscriptions  = newRoute[ListWebhookSubscriptionsRequest, WebhookSubscriptionList]("list_subscriptions", "GET", "/v1/webhooks/subscriptions")
	updateWebhookSubscription = newRoute[UpdateWebhookSubscriptionRequest, WebhookSubscriptionWithKey]("update_subscription", "PATCH", "/v1/webhooks/subscriptions/{subscription_id}")
	deleteWebhookSubscription = newRoute[DeleteWebhookSubscriptionRequest, none]("delete_subscription", "DELETE", "/v1/webhooks/subscriptions/{subscription_id}")
	sendTestWebhookDelivery   = newRoute[SendTestWebhookDeliveryRequest, WebhookDeliveryResult]("send_test_delivery", "POST", "/v1/webhooks/subscriptions/{subscription_id}/test")
	listWebhookDeliveries     = newRoute[ListWebhookDeliveriesRequest, WebhookDeliveryPage]("list_deliveries", "GET", "/v1/webhooks/deliveries")
	retryWebhookDelivery      = newRoute[RetryWebhookDeliveryRequest, WebhookDeliveryResult]("retry_delivery", "POST", "/v1/webhooks/deliveries/{delivery_id}/retry")

	// Events
	listEvents = newRoute[ListEventsRequest, EventPage]("list_events", "GET", "/v1/query/events")

	// Integrator key management
	whoami           = newRoute[none, Identity]("get_current_integrator_capabilities", "GET", "/v1/integrator/whoami")
	listCredentials  = newRoute[ListCredentialsRequest, APICredentialList]("list_credentials", "GET", "/v1/integrator/credentials")
	createCredential = newRoute[CreateCredentialRequest, CreatedAPICredential]("create_credential", "POST", "/v1/integrator/credentials")
	updateCredential = newRoute[UpdateCredentialRequest, APICredential]("update_credential", "PATCH", "/v1/integrator/credentials/{pubkey}")
	deleteCredential = newRoute[DeleteCredentialRequest, none]("delete_credential", "DELETE", "/v1/integrator/credentials/{pubkey}")
)

// operations lists the rows in their order. newRoute fills it while the variables above are initialised.
var operations []Operation

// Operation is one route of the API.
type Operation struct {
	ID        string // the API's operation id: "create_authenticators_otp"
	Method    string // "GET", "POST", "PATCH" or "DELETE"
	Path      string // the path template, a ServeMux pattern: "/v1/query/apy/{vault_id}"
	Retryable bool   // sent again after a failure whose outcome is unknown; GET only
	Signed    bool   // needs the three signature headers

	newRequest, newResponse func() any
}

// Operations iterates over all operations of the API, in the order of its documentation.
func Operations() iter.Seq[Operation] { return slices.Values(operations) }

// NewRequest returns a pointer to a fresh request value (*InitOTPRequest for init_otp), or nil if the operation takes
// nothing. Its path and query members carry json:"-".
func (o Operation) NewRequest() any { return o.newRequest() }

// NewResponse returns a pointer to a fresh answer value (*InitOTPResponse, *[]Vault), or nil if there is no answer.
func (o Operation) NewResponse() any { return o.newResponse() }

// none stands for no request members or no answer.
type none struct{}

// route is an operation together with its types, so that a method cannot pair it with those of another.
type route[Req, Res any] struct{ op Operation }

func newRoute[Req, Res any](id, method, path string) *route[Req, Res] {
	op := Operation{
		ID: id, Method: method, Path: path,
		// A POST, PATCH or DELETE may have taken effect although no answer came.
		Retryable:   method == http.MethodGet,
		Signed:      true,
		newRequest:  fresh[Req],
		newResponse: fresh[Res],
	}
	operations = append(operations, op)
	return &route[Req, Res]{op}
}

func unsigned[Req, Res any](r *route[Req, Res]) *route[Req, Res] {
	r.op.Signed = false
	operations[len(operations)-1].Signed = false
	return r
}

func fresh[T any]() any {
	v := any(new(T))
	if _, nothing := v.(*none); nothing {
		return nil
	}
	return v
}

// call is the body of every client method. A nil req is one without members: the list methods' defaults. With a
// *PartialError comes what was read.
func (r *route[Req, Res]) call(ctx context.Context, c *Client, req *Req, opts []CallOption) (*Res, error) {
	if req == nil {
		req = new(Req)
	}
	res := new(Res)
	err := c.call(ctx, &r.op, req, res, opts)
	if err != nil && !isPartial(err) {
		return nil, err
	}
	return res, err
}

// bareList unwraps what call returns for a route whose answer is a JSON array.
func bareList[T any](list *[]T, err error) ([]T, error) {
	if list == nil {
		return nil, err
	}
	return *list, err
}
