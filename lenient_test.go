package byzantine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// replying returns a client that receives *body as the response to every request, and the buffer that its log is
// written to.
func replying(t testing.TB, body *[]byte) (*byzantine.Client, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	client, err := byzantine.NewClient(rfc6979Key(t), byzantine.WithLogger(slog.New(slog.NewTextHandler(log, nil))),
		over(roundTripper(func(*http.Request) (*http.Response, error) { return newResponse(200, nil, string(*body)), nil })))
	require.NoError(t, err)
	_ = client.Do(t.Context(), "GET", "/v1/health", nil, nil) // so that the log has the warning about this transport already
	log.Reset()
	return client, log
}

// spot is a field in a tree of JSON: the object that has the field, and the Field that describes it.
type spot struct {
	object map[string]any
	field  *wire.Field
	path   string
	inList bool // the field is in an element of a list
	chain  bool // all fields on the path to this one, from the nearest list or from the top, are Must
}

// spots returns all fields of a sample, at any depth.
func spots(t reflect.Type, tree any, path string, inList, chain bool) (all []spot) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch value := tree.(type) {
	case []any:
		if t.Kind() != reflect.Slice {
			return nil
		}
		for i, element := range value {
			all = append(all, spots(t.Elem(), element, fmt.Sprintf("%s[%d]", path, i), true, true)...)
		}
	case map[string]any:
		if t.Kind() != reflect.Struct || t.NumMethod() > 0 && reflect.PointerTo(t).Implements(reflect.TypeFor[json.Marshaler]()) {
			return nil
		}
		for _, f := range wire.Fields(t) {
			here := f.Name
			if path != "" {
				here = path + "." + f.Name
			}
			all = append(all, spot{value, f, here, inList, chain && f.Must})
			all = append(all, spots(f.Type, value[f.Name], here, inList, chain && f.Must)...)
		}
	}
	return all
}

// wrongValues are values of all JSON kinds, most of which do not fit any given field.
var wrongValues = []any{true, 12345678901234567890.5, "garbled", []any{map[string]any{}}, map[string]any{"garbled": 1.0}, nil}

// fits reports whether encoding/json decodes a value into a field without an error.
func fits(f *wire.Field, value any) bool {
	if f.Object {
		_, isObject := value.(map[string]any)
		return isObject || value == nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return json.Unmarshal(text, reflect.New(f.Type).Interface()) == nil
}

// If one field of a response is odd or missing, all other fields are read. If that field is one that must be readable,
// the call returns a *PartialError where the field is in an element of a list, and otherwise an *Error.
func TestOneOddFieldLeavesTheOthers(t *testing.T) {
	var body []byte
	client, log := replying(t, &body)
	tried, failed := 0, 0
	for op := range byzantine.Operations() {
		if op.NewResponse() == nil {
			continue
		}
		typ := reflect.TypeOf(op.NewResponse()).Elem()
		tree := sample(typ)
		read := func() (any, error) {
			body = []byte(toJSON(t, tree))
			out := op.NewResponse()
			log.Reset()
			err := byzantine.SendEmpty(t.Context(), client, op, out)
			assert.NotContains(t, log.String(), sampleMark)
			return out, err
		}
		_, err := read()
		require.NoError(t, err, op.ID)
		require.Empty(t, log.String(), op.ID)
		for _, s := range spots(typ, tree, "", false, true) {
			good := s.object[s.field.Name]

			// The response without the field shows how all other fields must be read.
			delete(s.object, s.field.Name)
			var partial *byzantine.PartialError
			without, err := read()
			if err != nil {
				require.True(t, s.field.Present, "%s: %s is missing: %v", op.ID, s.path, err)
			}
			for _, wrong := range wrongValues {
				_, list := wrong.([]any)
				_, object := wrong.(map[string]any)
				isList := s.field.Type.Kind() == reflect.Slice
				if (list && isList) || (object && !isList && hasStruct(s.field.Type)) {
					continue // the value is of the right kind; what is odd is in its elements or fields
				}
				if tried++; !longtest.On() && tried%3 != 0 {
					continue
				}
				s.object[s.field.Name] = wrong
				out, err := read()
				name := fmt.Sprintf("%s: %s is %v", op.ID, s.path, wrong)
				switch {
				case wrong == nil && !s.field.Present:
					require.NoError(t, err, name)
				case fits(s.field, wrong) && wrong != nil && !hasStruct(s.field.Type):
					require.NoError(t, err, name)
					continue
				case s.chain && s.inList:
					failed++
					require.ErrorAs(t, err, &partial, name)
					require.Len(t, partial.Elements, 1, name)
					assert.Contains(t, partial.Elements[0].Error(), s.path, name)
				case s.chain && (wrong == nil || !fits(s.field, wrong)):
					failed++
					var e *byzantine.Error
					require.ErrorAs(t, err, &e, name)
					require.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown, name)
					assert.Contains(t, e.Message, s.path, name)
					continue // the call returns no response
				default:
					if err != nil { // this may be about an element that is now in the list, or one without its Must fields
						require.ErrorAs(t, err, &partial, name)
						continue
					}
					if wrong != nil && !fits(s.field, wrong) {
						assert.Contains(t, log.String(), s.path, name)
					}
				}
				if wrong != nil && !fits(s.field, wrong) && s.field.Type != reflect.TypeFor[*byzantine.TransactionBankAccount]() { // a TransactionBankAccount keeps any value
					require.True(t, toJSON(t, without) == toJSON(t, out), name)
				}
			}
			s.object[s.field.Name] = good
		}
	}
	assert.Greater(t, tried, 3000)
	assert.Greater(t, failed, longtest.Count(100, 300))
}

func hasStruct(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

func TestTheLenientPassEqualsTheStrictOne(t *testing.T) {
	for op := range byzantine.Operations() {
		if op.NewResponse() == nil {
			continue
		}
		text := []byte(toJSON(t, sample(reflect.TypeOf(op.NewResponse()).Elem())))
		strict, lenient := op.NewResponse(), op.NewResponse()
		require.NoError(t, json.Unmarshal(text, strict), op.ID)
		require.NoError(t, wire.ReadLenient(text, lenient), op.ID)
		assert.Equal(t, toJSON(t, strict), toJSON(t, lenient), op.ID)
	}
}

func TestOddFieldsAreLeftEmptyAndNamed(t *testing.T) {
	body := []byte(`[
		{"transactionId":"a","createdAt":"2026-09-01T12:00:00","updatedAt":"2026-09-01T12:00:01.123456789Z","intermediaryAmount":true},
		{"transactionId":"b","createdAt":1788264000,"updatedAt":"2026-09-01 12:00:02+02:00","chainId":"8453"},
		{"transactionId":"c","broadcastedAt":"yesterday, says jane@example.com","status":7,"type":"deposit"}
	]`)
	client, log := replying(t, &body)
	list, err := client.GetTransactions(t.Context(), &byzantine.GetTransactionsRequest{AccountID: testAccountID})
	require.NoError(t, err)
	require.Len(t, list, 3)
	assert.True(t, list[0].CreatedAt.IsZero(), "nobody says in which zone")
	assert.Equal(t, 123456789, list[0].UpdatedAt.Nanosecond())
	assert.True(t, list[1].CreatedAt.IsZero())
	assert.Equal(t, 10, list[1].UpdatedAt.UTC().Hour())
	assert.Zero(t, list[1].ChainID)
	assert.Nil(t, list[2].BroadcastedAt)
	assert.Equal(t, byzantine.TransactionTypeDeposit, list[2].Type)
	for _, path := range []string{"[0].createdAt", "[0].intermediaryAmount", "[1].createdAt", "[1].chainId", "[2].broadcastedAt", "[2].status"} {
		assert.Contains(t, log.String(), path)
	}
	assert.Contains(t, log.String(), "count=6")
	assert.NotContains(t, log.String(), "jane")
	assert.NotContains(t, log.String(), "1788264000")
}

func TestUnreadableElements(t *testing.T) {
	body := []byte(`{"events":[{"id":"1","type":"customer.active"},{"id":2,"type":"customer.active","livemode":true},7,null,{"id":"5"},{"id":"","type":"x"},{"id":"7","type":"x"}],"nextCursor":null}`)
	client, _ := replying(t, &body)
	list, err := client.ListEvents(t.Context(), nil)
	var partial *byzantine.PartialError
	require.ErrorAs(t, err, &partial)
	require.Len(t, list.Events, 7, "each in its place")
	assert.True(t, list.Events[1].Livemode, "what could be read was")
	assert.Equal(t, "5", list.Events[4].ID)
	var got []string
	for _, e := range partial.Elements {
		got = append(got, fmt.Sprint(e.Index, " ", e.Err))
	}
	assert.Equal(t, []string{
		"1 events[1].id: number in place of string", "2 events[2]: number in place of object", "3 events[3].id: missing", "4 events[4].type: missing", "5 events[5].id: missing",
	}, got)
	assert.EqualError(t, err, "byzantine: list_events: the call succeeded, but 5 elements of the response cannot be read: "+
		"events[1].id: number in place of string; events[2]: number in place of object; events[3].id: missing; ...")

	ids, failed := []string{}, 0
	for event, err := range client.AllEvents(t.Context(), nil) {
		ids = append(ids, event.ID)
		if err != nil {
			require.ErrorAs(t, err, &partial)
			require.Len(t, partial.Elements, 1)
			assert.Zero(t, event)
			failed++
		}
	}
	assert.Equal(t, []string{"1", "", "", "", "", "", "7"}, ids)
	assert.Equal(t, 5, failed)
	for _, err := range client.AllEvents(t.Context(), nil) {
		if err != nil {
			break // a loop may end at its first error
		}
	}
}

func TestUnreadableFieldsThatMustBeReadable(t *testing.T) {
	const session = `"session":"s","sessionId":"id","expiresAt":"2026-09-01T12:00:00Z"`
	for _, c := range []struct {
		name, body, want string // of the error's message; "" if there is no error
		unknown          bool
		call             func(context.Context, *byzantine.Client) error
	}{
		{"cursor", `{"events":[],"nextCursor":7}`, "nextCursor: number in place of string", false, func(ctx context.Context, c *byzantine.Client) error { return only(c.ListEvents(ctx, nil)) }},
		{"list", `{"events":{}}`, "events: object in place of list", false, func(ctx context.Context, c *byzantine.Client) error { return only(c.ListEvents(ctx, nil)) }},
		{"total", `{"transactions":[],"total":"7"}`, "total: string in place of number that fits int64", false, func(ctx context.Context, c *byzantine.Client) error { return only(c.GetAllTransactions(ctx, nil)) }},
		{"has more", `{"deliveries":[],"hasMore":"no"}`, "hasMore: string in place of boolean", false, func(ctx context.Context, c *byzantine.Client) error { return only(c.ListWebhookDeliveries(ctx, nil)) }},
		{"whole page", `"jane"`, "string in place of object", false, func(ctx context.Context, c *byzantine.Client) error { return only(c.ListEvents(ctx, nil)) }},
		{"OTP id", `{"otpId":7}`, "otpId: number in place of string", false, testCalls[1].do},
		{"no OTP id", `{}`, "otpId: missing", false, testCalls[1].do},
		{"null OTP id", `{"otpId":null}`, "otpId: missing", false, testCalls[1].do},
		{"whole POST", `[{"otpId":"7"}]`, "list in place of object", true, testCalls[1].do},
		{"session", `{` + strings.Replace(session, `"id"`, `["id"]`, 1) + `}`, "sessionId: list in place of string", false, callOTPAuth},
		{"session with an odd end", `{` + strings.Replace(session, `"2026-09-01T12:00:00Z"`, `1`, 1) + `}`, "", false, callOTPAuth},
		// Two texts that are no times, on which a reader that cuts by position could panic: ten letters that are a byte
		// shorter in upper case, and nothing but blanks, also at the place of the T.
		{"session with an end of other letters", `{` + strings.Replace(session, `"2026-09-01T12:00:00Z"`, `"`+strings.Repeat("ı", 10)+`"`, 1) + `}`, "", false, callOTPAuth},
		{"session with a blank end", `{` + strings.Replace(session, `"2026-09-01T12:00:00Z"`, `"`+strings.Repeat(" ", 19)+`"`, 1) + `}`, "", false, callOTPAuth},
		{"list twice, odd at first", `{"events":[{"id":5,"type":"a"},{"id":6,"type":"b"}],"events":[]}`, "events: occurs twice", false, func(ctx context.Context, c *byzantine.Client) error { return only(c.ListEvents(ctx, nil)) }},
		{"session without its metadata", `{` + strings.Replace(session, `"s"`, `{}`, 1) + `}`, "", false, callOTPAuth},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := []byte(c.body)
			client, _ := replying(t, &body)
			err := c.call(t.Context(), client)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			var e *byzantine.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "the response is not of the expected form: "+c.want, e.Message)
			assert.Equal(t, c.unknown, e.OutcomeUnknown)
			assert.Equal(t, e.Method == http.MethodPost && !c.unknown, errors.Is(err, byzantine.ErrTookEffect))
			if errors.Is(err, byzantine.ErrTookEffect) {
				assert.ErrorContains(t, err, "the request has taken effect")
			}
		})
	}
}

// A write whose response can be read in part has taken effect.
func TestPartialErrorOfAWriteTookEffect(t *testing.T) {
	body := []byte(`{"associatedPersons":[7]}`)
	client, _ := replying(t, &body)
	err := client.Do(t.Context(), http.MethodPost, "/v1/submit/create-entity-account", nil, new(byzantine.CreateEntityAccountResponse))
	require.ErrorAs(t, err, new(*byzantine.PartialError))
	require.ErrorIs(t, err, byzantine.ErrTookEffect)
	assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)

	body = []byte(`{"events":[7]}`)
	_, err = client.ListEvents(t.Context(), nil)
	require.ErrorAs(t, err, new(*byzantine.PartialError))
	assert.NotErrorIs(t, err, byzantine.ErrTookEffect, "a GET can be repeated")
	for _, err := range client.AllEvents(t.Context(), nil) {
		assert.NotErrorIs(t, err, byzantine.ErrTookEffect)
	}
}

func callOTPAuth(ctx context.Context, c *byzantine.Client) error {
	s, err := c.OTPAuth(ctx, &byzantine.OTPAuthRequest{AccountID: testAccountID, UserID: testUserID, OTPID: "o", OTPCode: "012345"})
	if err == nil && s.SessionID != "id" {
		return fmt.Errorf("the session is %v", s)
	}
	return err
}
