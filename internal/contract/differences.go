package contract

import (
	"path"
	"slices"
	"strings"
)

// Deliberate allows one difference, or several that have the same reason. Where and Schema are lists of patterns,
// separated by spaces; Document and SDK are one pattern each. The patterns are those of [path.Match]. An empty Schema
// matches any.
type Deliberate struct {
	Where, Schema string
	Kind          Kind
	Document, SDK string
	Reason        string
}

// Differences lists the differences from the document that this module has on purpose.
var Differences = []Deliberate{
	// The SDK rejects at once what the API would reject, or could only take for something else.
	{Where: "*", Kind: KindFormat, SDK: "base64url",
		Reason: "the parts of a passkey are base64url (W3C WebAuthn); the document only says string"},
	{Where: "*", Kind: KindFormat, SDK: "address",
		Reason: "vaults and wallets are addresses of 20 bytes; the document only says string"},
	{Where: "*", Kind: KindFormat, SDK: "pubkey",
		Reason: "a credential is named by its key, 0x and 66 digits; the document only says string"},
	{Where: "*.birthDate", Kind: KindFormat, SDK: "date",
		Reason: "the form was observed, the document does not promise it"},
	{Where: "*", Kind: KindBounds, SDK: "min=1 elements",
		Reason: "without an element the request says nothing, or the API responds with a 400"},
	{Where: "*.limit *.offset", Kind: KindBounds, SDK: "min=0",
		Reason: "a negative number is a mistake of the caller's, which the API hides: it takes it for another one"},
	{Where: "*.chain_id", Kind: KindBounds, Document: "min=0",
		Reason: "ChainID.Validate rejects what is below 1"},
	{Where: "get_vault_history.order", Kind: KindEnum, Document: "an open set", SDK: "SortOrder, which rejects other values",
		Reason: "there is no third order"},

	// Zero says the same as absent.
	{Where: "get_account_balances.includeTestVaults", Kind: KindNull, Document: "a field that may be absent", SDK: "no pointer: zero cannot be sent",
		Reason: "false is the document's default"},

	{Where: "*.limit", Kind: KindNull, Document: "a field that may be absent", SDK: "no pointer: zero cannot be sent",
		Reason: "a page of 0 elements is of no use; 0 stands for the API's default"},
	{Where: "*.offset", Kind: KindNull, Document: "a field that may be absent", SDK: "no pointer: zero cannot be sent",
		Reason: "0 is the document's default"},

	// Times.
	{Where: "*.byzantineTermsSignedAt", Kind: KindFormat, SDK: "date-time",
		Reason: "RFC 3339 is the form that was observed; responses stay a string, as an odd form must not fail them"},
	{Where: "OTPSession.expiresAt", Kind: KindFormat, SDK: "date-time",
		Reason: "OTPSession.UnmarshalJSON reads the observed forms, and any other as the zero time"},

	// Sets of values.
	{Where: "CountryCode", Kind: KindEnum, Document: "one of * values", SDK: "any string",
		Reason: "which countries the API takes is its decision and changes with it"},
	{Where: "DocumentType", Schema: "UserDocumentType EntityDocumentType", Kind: KindValue, SDK: "*",
		Reason: "the lists of persons and entities overlap, so they are one open type; the responses' DocumentType is compared in full"},
	{Where: "*", Kind: KindEnum, Document: "any string", SDK: "EventType",
		Reason: "the document lists the event types elsewhere; the type is open"},
	{Where: "WebhookSubscription.eventTypes", Kind: KindType, Document: "any JSON", SDK: "array",
		Reason: "EventTypes.UnmarshalJSON reads the observed list, and anything else as nil"},

	// What a passkey signs is kept as bytes, see Payload.
	{Where: "Payload.bodyToSign", Kind: KindType, Document: "object", SDK: "string",
		Reason: "Payload.UnmarshalJSON keeps the bytes of the object"},
	{Where: "*.signedBody", Kind: KindType, Document: "object", SDK: "any JSON",
		Reason: "the same bytes go out"},
	{Where: "Activity.type", Kind: KindValue, SDK: "ACTIVITY_TYPE_*",
		Reason: "one type reads all activities"},
	{Where: "Activity.parameters", Kind: KindType, Document: "object", SDK: "any JSON",
		Reason: "their form depends on the activity; Payload.Activity reads them"},
	{Where: "ActivityUser.userPhoneNumber", Kind: KindField, SDK: "optional *",
		Reason: "Turnkey's CREATE_USERS_V3 has it; it must be empty in an invitation, so it has to be read"},
	{Where: "ActivityUser.*", Kind: KindType, Document: "object", SDK: "any JSON",
		Reason: "usually empty, and only to be shown"},

	// Payload is the type of four responses.
	{Where: "Payload.chainId Payload.operation", Kind: KindField, SDK: "optional *",
		Reason: "not in the response: the methods copy it from the request"},
	{Where: "Payload.transactionId", Schema: "InviteUsersRequestResponse UpdateUsersRoleRequestResponse", Kind: KindField, SDK: "optional *",
		Reason: "no transaction"},
	{Where: "Payload.destinationBankAccount", Schema: "InviteUsersRequestResponse UpdateUsersRoleRequestResponse VaultUpgradePayloadResponse", Kind: KindField, SDK: "optional *",
		Reason: "no withdrawal"},
	{Where: "Payload.sourceAmount Payload.destinationAmount Payload.destinationVaultAddr", Schema: "InviteUsersRequestResponse UpdateUsersRoleRequestResponse PasskeyPayloadRequestResponse", Kind: KindField, SDK: "optional *",
		Reason: "no vault upgrade"},
	{Where: "Payload.transactionId Payload.sourceAmount Payload.destinationAmount Payload.destinationVaultAddr", Kind: KindRequired, Document: "required", SDK: "optional",
		Reason: "required in some of the four only"},

	// One SignedPayload is embedded in three requests, and validated for each.
	{Where: "invite_users.transactionId update_users_role.transactionId invite_users.chain_id update_users_role.chain_id", Kind: KindField, SDK: "optional *",
		Reason: "rejected unless empty, so they never go out"},
	{Where: "sign_payload_passkey.transactionId sign_payload_passkey.chain_id", Kind: KindRequired, Document: "required", SDK: "optional",
		Reason: "the rule of SignPayloadPasskeyRequest demands them"},

	// Other types that are each the type of two schemas.
	{Where: "Transaction.fiatDepositInstructions Transaction.destinationBankAccount", Schema: "TransactionView", Kind: KindField, SDK: "optional *",
		Reason: "lists over all accounts leave the bank's side out; a second type would not pay"},
	{Where: "DepositInstructions.objectId", Schema: "SourceDepositInstructions", Kind: KindField, SDK: "optional *",
		Reason: "only the instructions of a stored transaction have an id"},
	{Where: "DepositInstructions.objectId", Schema: "SourceDepositInstructionsWrapper", Kind: KindRequired, Document: "required", SDK: "optional",
		Reason: "likewise"},
	{Where: "Event.createdAt", Schema: "EventHistoryItem", Kind: KindRequired, Document: "required", SDK: "optional",
		Reason: "the webhook envelope, the other form of an Event, has none"},
}

// Unexplained returns the differences that no entry of list matches. stale has, for each pattern in an entry's Where
// that matches no difference, the entry with this pattern: it must be removed, because it could hide a later
// difference.
func Unexplained(found []Difference, list []Deliberate) (left []Difference, stale []Deliberate) {
	for _, f := range found {
		if !slices.ContainsFunc(list, func(d Deliberate) bool { return d.explains(f) }) {
			left = append(left, f)
		}
	}
	for _, d := range list {
		for where := range strings.FieldsSeq(d.Where) {
			one := d
			one.Where = where
			if !slices.ContainsFunc(found, one.explains) {
				stale = append(stale, one)
			}
		}
	}
	return left, stale
}

func (d Deliberate) explains(f Difference) bool {
	return d.Kind == f.Kind && matches(d.Document, f.Document) && matches(d.SDK, f.SDK) &&
		matchesAny(d.Where, f.Where) && (d.Schema == "" || matchesAny(d.Schema, f.Schema))
}

func matchesAny(patterns, s string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(pattern string) bool { return matches(pattern, s) })
}

func matches(pattern, s string) bool {
	ok, err := path.Match(pattern, s)
	return ok && err == nil
}
