package byzantine

import (
	"context"
	"iter"
	"net/http"
	"reflect"
)

// The table of all routes. A row gives the types of the request and the response, the API's operation id, the method
// and the path (a ServeMux pattern). Client methods, the local sandbox and the command line read it, so that no path is
// written a second time.
var (
	// API health
	healthCheck = unsigned(newRoute[none, Health](OpHealthCheck, "GET", "/v1/health"))

	// Customer management
	getUserDetails             = newRoute[GetUserDetailsRequest, User](OpGetUserDetails, "GET", "/v1/query/get-user-details")
	getEntityDetails           = newRoute[GetEntityDetailsRequest, Entity](OpGetEntityDetails, "GET", "/v1/query/get-entity-details")
	getAssociatedPersonDetails = newRoute[GetAssociatedPersonDetailsRequest, AssociatedPerson](OpGetAssociatedPersonDetails, "GET", "/v1/query/get-associated-person-details")
	getCustomers               = newRoute[GetCustomersRequest, CustomerList](OpGetCustomers, "GET", "/v1/query/get-customers")
	createEntityAccount        = newRoute[CreateEntityAccountRequest, CreateEntityAccountResponse](OpCreateEntityAccount, "POST", "/v1/submit/create-entity-account")
	createIndividualAccount    = newRoute[CreateIndividualAccountRequest, CreateIndividualAccountResponse](OpCreateIndividualAccount, "POST", "/v1/submit/create-individual-account")
	updateIndividualAccount    = newRoute[UpdateIndividualAccountRequest, UpdateIndividualAccountResponse](OpUpdateIndividualAccount, "PATCH", "/v1/submit/update-individual-account")
	updateEntityAccount        = newRoute[UpdateEntityAccountRequest, UpdateEntityAccountResponse](OpUpdateEntityAccount, "PATCH", "/v1/submit/update-entity-account")
	addAssociatedPerson        = newRoute[AddAssociatedPersonRequest, AssociatedPerson](OpAddAssociatedPerson, "POST", "/v1/submit/add-associated-person")
	updateAssociatedPerson     = newRoute[UpdateAssociatedPersonRequest, UpdateAssociatedPersonResponse](OpUpdateAssociatedPerson, "PATCH", "/v1/submit/update-associated-person")

	// Account management
	getAccountBalances               = newRoute[GetAccountBalancesRequest, AccountBalances](OpGetAccountBalances, "GET", "/v1/query/get-account-balances")
	getAccountDetails                = newRoute[GetAccountDetailsRequest, Account](OpGetAccountDetails, "GET", "/v1/query/get-account-details")
	getBankAccounts                  = newRoute[GetBankAccountsRequest, BankAccountList](OpGetBankAccounts, "GET", "/v1/query/get-bank-accounts")
	addBankAccount                   = newRoute[AddBankAccountRequest, AddedBankAccount](OpAddBankAccount, "POST", "/v1/submit/add-bank-account")
	getInvitationsByAccountID        = newRoute[GetInvitationsByAccountIDRequest, InvitationList](OpGetInvitationsByAccountID, "GET", "/v1/query/get-invitations-by-account-id")
	getInvitationsByEmail            = newRoute[GetInvitationsByEmailRequest, InvitationList](OpGetInvitationsByEmail, "GET", "/v1/query/get-invitations-by-email")
	getAllInvitations                = newRoute[GetAllInvitationsRequest, InvitationPage](OpGetAllInvitations, "GET", "/v1/query/get-all-invitations")
	getInviteUsersPayloadPasskey     = newRoute[GetInviteUsersPayloadPasskeyRequest, Payload](OpGetInviteUsersPayloadPasskey, "POST", "/v1/query/get-invite-users-payload-passkey")
	inviteUsers                      = newRoute[InviteUsersRequest, InviteUsersResponse](OpInviteUsers, "POST", "/v1/submit/invite-users")
	getUpdateUsersRolePayloadPasskey = newRoute[GetUpdateUsersRolePayloadPasskeyRequest, Payload](OpGetUpdateUsersRolePayloadPasskey, "POST", "/v1/query/get-update-users-role-payload-passkey")
	updateUsersRole                  = newRoute[UpdateUsersRoleRequest, RootQuorum](OpUpdateUsersRole, "POST", "/v1/submit/update-users-role")

	// Products
	getTopVaults    = newRoute[GetTopVaultsRequest, []Vault](OpGetTopVaults, "GET", "/v1/query/top-vaults")
	getVaultAPY     = newRoute[GetVaultAPYRequest, VaultAPY](OpGetVaultAPY, "GET", "/v1/query/apy/{vault_id}")
	getVaultHistory = newRoute[GetVaultHistoryRequest, VaultHistory](OpGetVaultHistory, "GET", "/v1/query/history/{vault_id}")
	getAssets       = newRoute[GetAssetsRequest, []Asset](OpGetAssets, "GET", "/v1/query/assets")

	// Transactions
	getTransactions                   = newRoute[GetTransactionsRequest, []Transaction](OpGetTransactions, "GET", "/v1/query/get-transactions")
	getTransaction                    = newRoute[GetTransactionRequest, Transaction](OpGetTransaction, "GET", "/v1/query/get-transaction")
	getAllTransactions                = newRoute[GetAllTransactionsRequest, TransactionPage](OpGetAllTransactions, "GET", "/v1/query/get-all-transactions")
	getActivateAccountPayloadPasskey  = newRoute[GetActivateAccountPayloadPasskeyRequest, Payload](OpGetActivateAccountPayloadPasskey, "POST", "/v1/query/get-activate-account-payload-passkey")
	getDepositPayloadPasskey          = newRoute[GetDepositPayloadPasskeyRequest, Payload](OpGetDepositPayloadPasskey, "POST", "/v1/query/get-deposit-payload-passkey")
	getWithdrawPayloadPasskey         = newRoute[GetWithdrawPayloadPasskeyRequest, Payload](OpGetWithdrawPayloadPasskey, "POST", "/v1/query/get-withdraw-payload-passkey")
	getCancelWithdrawalPayloadPasskey = newRoute[GetCancelWithdrawalPayloadPasskeyRequest, Payload](OpGetCancelWithdrawalPayloadPasskey, "POST", "/v1/query/get-cancel-withdrawal-payload-passkey")
	getTransferPayloadPasskey         = newRoute[GetTransferPayloadPasskeyRequest, Payload](OpGetTransferPayloadPasskey, "POST", "/v1/query/get-transfer-payload-passkey")
	getVaultUpgradePayloadPasskey     = newRoute[GetVaultUpgradePayloadPasskeyRequest, Payload](OpGetVaultUpgradePayloadPasskey, "POST", "/v1/query/get-vault-upgrade-payload-passkey")
	signPayloadPasskey                = newRoute[SignPayloadPasskeyRequest, SubmittedTransaction](OpSignPayloadPasskey, "POST", "/v1/submit/sign-payload-passkey")

	// OTP authentication
	initOTP                 = newRoute[InitOTPRequest, InitOTPResponse](OpInitOTP, "POST", "/v1/submit/init-otp")
	otpAuth                 = newRoute[OTPAuthRequest, OTPSession](OpOTPAuth, "POST", "/v1/submit/otp-auth")
	createAuthenticatorsOTP = newRoute[CreateAuthenticatorsOTPRequest, CreateAuthenticatorsOTPResponse](OpCreateAuthenticatorsOTP, "POST", "/v1/submit/create-authenticators-otp")

	// Webhooks
	createWebhookSubscription = newRoute[CreateWebhookSubscriptionRequest, WebhookSubscriptionWithKey](OpCreateWebhookSubscription, "POST", "/v1/webhooks/subscriptions")
	listWebhookSubscriptions  = newRoute[ListWebhookSubscriptionsRequest, WebhookSubscriptionList](OpListWebhookSubscriptions, "GET", "/v1/webhooks/subscriptions")
	updateWebhookSubscription = newRoute[UpdateWebhookSubscriptionRequest, WebhookSubscriptionWithKey](OpUpdateWebhookSubscription, "PATCH", "/v1/webhooks/subscriptions/{subscription_id}")
	deleteWebhookSubscription = newRoute[DeleteWebhookSubscriptionRequest, none](OpDeleteWebhookSubscription, "DELETE", "/v1/webhooks/subscriptions/{subscription_id}")
	sendTestWebhookDelivery   = newRoute[SendTestWebhookDeliveryRequest, WebhookDeliveryResult](OpSendTestWebhookDelivery, "POST", "/v1/webhooks/subscriptions/{subscription_id}/test")
	listWebhookDeliveries     = newRoute[ListWebhookDeliveriesRequest, WebhookDeliveryPage](OpListWebhookDeliveries, "GET", "/v1/webhooks/deliveries")
	retryWebhookDelivery      = newRoute[RetryWebhookDeliveryRequest, WebhookDeliveryResult](OpRetryWebhookDelivery, "POST", "/v1/webhooks/deliveries/{delivery_id}/retry")

	// Events
	listEvents = newRoute[ListEventsRequest, EventPage](OpListEvents, "GET", "/v1/query/events")

	// Integrator key management
	whoami           = newRoute[none, Identity](OpWhoami, "GET", "/v1/integrator/whoami")
	listCredentials  = newRoute[ListCredentialsRequest, APICredentialList](OpListCredentials, "GET", "/v1/integrator/credentials")
	createCredential = newRoute[CreateCredentialRequest, CreatedAPICredential](OpCreateCredential, "POST", "/v1/integrator/credentials")
	updateCredential = newRoute[UpdateCredentialRequest, APICredential](OpUpdateCredential, "PATCH", "/v1/integrator/credentials/{pubkey}")
	deleteCredential = newRoute[DeleteCredentialRequest, none](OpDeleteCredential, "DELETE", "/v1/integrator/credentials/{pubkey}")
)

// operations has the operations in the order of the variables above, whose initialisation calls newOperation.
var operations []*Operation

// Operation is one route of the API.
type Operation struct {
	ID        OperationID
	Method    string // "GET", "POST", "PATCH" or "DELETE"
	Path      string // the path template, a ServeMux pattern: "/v1/query/apy/{vault_id}"
	Retryable bool   // sent again after a failure whose outcome is unknown; GET only
	Signed    bool   // needs the three signature headers

	request, response reflect.Type // nil for nothing
}

// Operations returns an iterator over all operations of the API, in the order of the API's documentation.
func Operations() iter.Seq[Operation] {
	return func(yield func(Operation) bool) {
		for _, op := range operations {
			if !yield(*op) {
				return
			}
		}
	}
}

// NewRequest returns a pointer to a new request value (*InitOTPRequest for init_otp), or nil if the operation takes
// none. Its path and query fields have the tag json:"-".
func (o Operation) NewRequest() any { return fresh(o.request) }

// NewResponse returns a pointer to a new response value (*InitOTPResponse, *[]Vault), or nil if there is no response.
func (o Operation) NewResponse() any { return fresh(o.response) }

// none is the request type of an operation without a request, and the response type of one without a response body.
type none struct{}

// route is an operation together with its types, so that a method cannot use the types of another operation. Its
// methods are short, because the compiler makes a copy of generic code for each pair of types, under a name that is as
// long as the layouts of both types.
type route[Req, Res any] struct{ op *Operation }

func newRoute[Req, Res any](id OperationID, method, path string) route[Req, Res] {
	return route[Req, Res]{newOperation(id, method, path, (*Req)(nil), (*Res)(nil))}
}

func unsigned[Req, Res any](r route[Req, Res]) route[Req, Res] {
	r.op.Signed = false
	return r
}

// newOperation appends an operation to operations and returns it. request and response are nil pointers to the types:
// so newRoute is small enough to be inlined, and a program has no copies of it.
func newOperation(id OperationID, method, path string, request, response any) *Operation {
	op := &Operation{
		ID: id, Method: method, Path: path,
		// A POST, PATCH or DELETE may have taken effect although no response came.
		Retryable: method == http.MethodGet,
		Signed:    true,
		request:   pointedTo(request),
		response:  pointedTo(response),
	}
	operations = append(operations, op)
	return op
}

// pointedTo returns the type that pointer points to, or nil if that is the type none: then the operation has no request
// or no response.
func pointedTo(pointer any) reflect.Type {
	if _, nothing := pointer.(*none); nothing {
		return nil
	}
	return reflect.TypeOf(pointer).Elem()
}

func fresh(t reflect.Type) any {
	if t == nil {
		return nil
	}
	return reflect.New(t).Interface()
}

// call is the body of the method of each operation. A nil req is an empty request: the list methods then use their
// defaults.
// With a *PartialError it returns what could be read.
func (r route[Req, Res]) call(ctx context.Context, c *Client, req *Req, opts []CallOption) (*Res, error) {
	if req == nil {
		req = new(Req)
	}
	res := new(Res)
	err := c.call(ctx, r.op, req, res, opts)
	if err != nil && !isPartial(err) {
		return nil, err
	}
	return res, err
}

// bareList unwraps the result of call for a route whose response is a JSON array.
func bareList[T any](list *[]T, err error) ([]T, error) {
	if list == nil {
		return nil, err
	}
	return *list, err
}
