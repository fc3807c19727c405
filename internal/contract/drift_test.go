package contract_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

const moduleRoot = "../.."

// document returns the API's document that this module implements or, if BYZANTINE_OPENAPI names a file, a newer
// version of it that the module is to be adapted to.
func document(t *testing.T) []byte {
	t.Helper()
	name := os.Getenv("BYZANTINE_OPENAPI")
	if name == "" {
		return []byte(contract.OpenAPI)
	}
	text, err := os.ReadFile(name)
	require.NoError(t, err, "BYZANTINE_OPENAPI names the document (an absolute path: tests run in their own folder)")
	return text
}

// The structs that byzantine.TransactionBankAccount is written as.
type (
	identifiedIBANAccount struct {
		ObjectID string `json:"objectId"`
		byzantine.IBANAccount
	}
	identifiedACHAccount struct {
		ObjectID string `json:"objectId"`
		byzantine.ACHAccount
	}
)

// sdk returns this module's operations, types and constants in the form that Compare needs.
func sdk(t *testing.T) contract.SDK {
	t.Helper()
	constants, err := contract.Constants(moduleRoot, false)
	require.NoError(t, err)
	s := contract.SDK{
		Constants: constants,
		Types: map[string]reflect.Type{
			"CustomerEventData":       reflect.TypeFor[byzantine.CustomerEventData](),
			"CreateUsersRequest":      reflect.TypeFor[byzantine.Activity](),
			"SignRawPayloadRequest":   reflect.TypeFor[byzantine.Activity](),
			"SignRawPayloadsRequest":  reflect.TypeFor[byzantine.Activity](),
			"UpdateRootQuorumRequest": reflect.TypeFor[byzantine.Activity](),
			"CreateUsersParams":       reflect.TypeFor[byzantine.CreateUsersParams](),
			"SignRawPayloadsParams":   reflect.TypeFor[byzantine.SignRawPayloadsParams](),
			"UpdateRootQuorumParams":  reflect.TypeFor[byzantine.UpdateRootQuorumParams](),
		},
		Scalars: map[reflect.Type]contract.Scalar{
			reflect.TypeFor[byzantine.Decimal](): {Kind: "string", Format: "decimal", Unset: true},
			reflect.TypeFor[byzantine.ChainID](): {Kind: "integer", Format: "chain id"},
			reflect.TypeFor[byzantine.Secret]():  {Kind: "string"},
			reflect.TypeFor[byzantine.DataURI](): {Kind: "string", Format: "data:[MIME];base64,[base64-encoded-data]"},
		},
		Alternatives: map[reflect.Type][]reflect.Type{
			reflect.TypeFor[byzantine.BankAccount]():            {reflect.TypeFor[byzantine.IBANAccount](), reflect.TypeFor[byzantine.ACHAccount]()},
			reflect.TypeFor[byzantine.TransactionBankAccount](): {reflect.TypeFor[identifiedIBANAccount](), reflect.TypeFor[identifiedACHAccount]()},
		},
		Schemas:    map[string]string{"Decimal": "decimal", "BigDecimal": "decimal"},
		Properties: map[string]string{"chainId": "chain id", "chain_id": "chain id"},
	}
	for op := range byzantine.Operations() {
		s.Operations = append(s.Operations, contract.Operation{
			ID: string(op.ID), Method: op.Method, Path: op.Path, Signed: op.Signed,
			Request: pointedTo(op.NewRequest()), Response: pointedTo(op.NewResponse()),
		})
	}
	return s
}

func pointedTo(v any) reflect.Type {
	if v == nil {
		return nil
	}
	return reflect.TypeOf(v).Elem()
}

// Types with a MarshalJSON of their own are compared with the document through the structs above, so their JSON must be
// that of these structs.
func TestBankAccountsWriteWhatTheyAreComparedBy(t *testing.T) {
	bic, kind := "AGRIFRPP", byzantine.CheckingAccount
	iban := byzantine.IBANAccount{Country: "FRA", Last4: "0189", BIC: bic}
	ach := byzantine.ACHAccount{RoutingNumber: "021000021", Last4: "6789", CheckingOrSavings: kind}
	for _, test := range []struct{ value, comparedBy any }{
		{byzantine.BankAccount{IBAN: &iban}, iban},
		{byzantine.BankAccount{ACH: &ach}, ach},
		{byzantine.TransactionBankAccount{ObjectID: "id", BankAccount: byzantine.BankAccount{IBAN: &iban}}, identifiedIBANAccount{"id", iban}},
		{byzantine.TransactionBankAccount{ObjectID: "id", BankAccount: byzantine.BankAccount{ACH: &ach}}, identifiedACHAccount{"id", ach}},
	} {
		written, err := json.Marshal(test.value)
		require.NoError(t, err)
		want, err := json.Marshal(test.comparedBy)
		require.NoError(t, err)
		assert.JSONEq(t, string(want), string(written))
	}
}

func TestSDKAgreesWithTheDocument(t *testing.T) {
	doc, err := contract.Parse(document(t))
	require.NoError(t, err)

	s := sdk(t)
	left, stale := contract.Unexplained(contract.Compare(doc, s), contract.Differences)

	declared := declarations(t)
	for _, d := range left {
		t.Errorf("%s%s", d, place(s, declared, d.Where))
	}
	for _, d := range stale {
		t.Errorf("Differences in differences.go lists what is none any more: remove the entry, or rename it with its field: %s: %s: %s", d.Where, d.Kind, d.Reason)
	}
}

// declarations returns the file and line of each type of this module's root package, by the name of the type.
func declarations(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(moduleRoot, "*.go"))
	require.NoError(t, err)
	declared := map[string]string{}
	positions := token.NewFileSet()
	for _, file := range files {
		parsed, err := parser.ParseFile(positions, file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range parsed.Decls {
			types, ok := declaration.(*ast.GenDecl)
			if !ok || types.Tok != token.TYPE {
				continue
			}
			for _, spec := range types.Specs {
				name := spec.(*ast.TypeSpec).Name
				declared[name.Name] = fmt.Sprintf("%s:%d", filepath.Base(file), positions.Position(name.Pos()).Line)
			}
		}
	}
	return declared
}

// place returns the declaration of the type that a difference is about, as " [Type in file:line]". The type is the one
// whose name where begins with or, if where begins with an operation id, the type of the operation's request. place
// returns "" if there is no such type.
func place(s contract.SDK, declared map[string]string, where string) string {
	name, _, _ := strings.Cut(where, ".")
	if i := slices.IndexFunc(s.Operations, func(op contract.Operation) bool { return op.ID == name }); i >= 0 && s.Operations[i].Request != nil {
		name = s.Operations[i].Request.Name()
	}
	if at := declared[name]; at != "" {
		return " [" + name + " in " + at + "]"
	}
	return ""
}

func TestADifferenceSaysWhereTheTypeIs(t *testing.T) {
	declared := declarations(t)
	assert.Regexp(t, `^ \[GetTransactionsRequest in transactions\.go:\d+\]$`, place(sdk(t), declared, "get_transactions.accountId"))
	assert.Regexp(t, `^ \[WebhookDeliveryPage in webhookdeliveries\.go:\d+\]$`, place(sdk(t), declared, "WebhookDeliveryPage.hasMore"))
	assert.Empty(t, place(sdk(t), declared, "no_such_operation"))
}
