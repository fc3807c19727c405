package byzantinetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
)

var Checksummed = checksummed

// Nonconforming are the responses of all sandboxes of this package's tests that the API's document does not allow.
var Nonconforming struct {
	sync.Mutex
	Checked map[string]int // by operation and status
	Found   []error
}

func init() {
	Nonconforming.Checked = map[string]int{}
	responded = func(operationID string, out fake.Response) {
		err := checkAnswer(operationID, out)
		Nonconforming.Lock()
		defer Nonconforming.Unlock()
		Nonconforming.Checked[fmt.Sprintf("%s %d", operationID, out.Status)]++
		if err != nil && len(Nonconforming.Found) < 20 {
			Nonconforming.Found = append(Nonconforming.Found, fmt.Errorf("%s: %d: %w", operationID, out.Status, err))
		}
	}
}

// CheckAnswer holds a response against the API's document.
func CheckAnswer(operationID string, status int, body string) error {
	return checkAnswer(operationID, fake.Response{Status: status, Body: []byte(body)})
}

// checkAnswer holds a success against the API's document.
func checkAnswer(operationID string, out fake.Response) error {
	if out.Status >= 300 || out.Status == 0 {
		return nil
	}
	schema, declared := apiOperations()[operationID].responses[strconv.Itoa(out.Status)]
	if !declared {
		return errors.New("the status is not declared")
	}
	if schema == nil {
		return nil
	}
	value, err := parseJSON(out.Body)
	if err != nil {
		return err
	}
	return conforms(schema, &value, "")
}

func conforms(s *apiSchema, v *jsonValue, path string) error {
	if len(s.either) > 0 {
		var errs []error
		for _, one := range s.either {
			both := *one
			both.properties = maps.Clone(one.properties)
			maps.Copy(both.properties, s.properties)
			err := conforms(&both, v, path)
			if err == nil {
				return nil
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	}
	if v.kind == "null" {
		if s.nullable || s.kind == "" {
			return nil
		}
		return fmt.Errorf("%s: null", path)
	}
	if !(formChecker{}).fits(s, v) {
		return fmt.Errorf("%s: %s instead of %s", path, v.kind, s.kind)
	}
	for _, name := range s.required {
		if v.kind == "object" && v.member(name) == nil {
			return fmt.Errorf("%s: missing", joined(path, name))
		}
	}
	for i := range v.members {
		m := &v.members[i]
		property := s.properties[m.name]
		if property == nil {
			if s.properties != nil {
				return fmt.Errorf("%s: unknown", joined(path, m.name))
			}
			continue
		}
		// An absent value may be written as null.
		if m.value.kind == "null" && !slices.Contains(s.required, m.name) {
			continue
		}
		if err := conforms(property, &m.value, joined(path, m.name)); err != nil {
			return err
		}
	}
	for i := range v.elements {
		if s.items == nil { // any list
			break
		}
		if err := conforms(s.items, &v.elements[i], fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	if v.kind == "string" {
		return checkText(s, v.text, path)
	}
	return nil
}

// Held counts what a sandbox holds that comes and goes.
func (s *Sandbox) Held() map[string]int {
	s.lock()
	defer s.unlock()
	w := s.world
	now := w.clock.now()
	w.otps.purge(now)
	w.sessions.purge(now)
	w.proposals.purge(now)
	return map[string]int{
		"codes": len(w.otps.byKey), "code keys": len(w.otps.keys), "sessions": len(w.sessions.byKey), "session keys": len(w.sessions.keys),
		"proposals": len(w.proposals.byKey), "proposal keys": len(w.proposals.keys),
		"drafts": len(w.drafts), "drafts by transaction": len(w.draftByTransaction), "timers": len(w.timers), "due": len(w.due),
	}
}

// ReadAlone reads a document into a world that no sandbox has, and returns how many timers the world has then.
func ReadAlone(document []byte) (timers int, err error) {
	var d worldDocument
	if err := json.Unmarshal(document, &d); err != nil {
		return 0, err
	}
	w := newWorld()
	err = w.read(&d, w.newKey().PublicKeyHex(), nil)
	return len(w.timers), err
}

// TriggeredTypes are the types of events that can be triggered.
func TriggeredTypes() []byzantine.EventType {
	var types []byzantine.EventType
	for _, t := range triggers {
		types = append(types, t.eventType)
	}
	return types
}

// SendCode sends a one-time code without a request.
func (s *Sandbox) SendCode(accountID, userID string) {
	s.lock()
	defer s.unlock()
	if _, err := s.world.initOTP(&byzantine.InitOTPRequest{AccountID: accountID, UserID: userID}); err != nil {
		panic(err)
	}
}

// ControlOperation is a route of the control API as its document describes it.
type ControlOperation struct {
	ID, Method, Path string
	operation        *apiOperation
}

// ReadControlDocument reads the document that a sandbox has served.
func ReadControlDocument(text []byte) ([]ControlOperation, error) {
	operations, err := readDocument(text)
	if err != nil {
		return nil, err
	}
	var raw struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, err
	}
	var list []ControlOperation
	for path, methods := range raw.Paths {
		for method, op := range methods {
			list = append(list, ControlOperation{op.OperationID, strings.ToUpper(method), path, operations[op.OperationID]})
		}
	}
	return list, nil
}

// Check holds a request's body and its response against the document.
func (o ControlOperation) Check(request string, status int, response string) error {
	if o.operation.body != nil && request != "" {
		value, err := parseJSON([]byte(request))
		if err != nil {
			return err
		}
		if err := (formChecker{}).check(o.operation.body, &value, ""); err != nil {
			return fmt.Errorf("request: %w", err)
		}
	} else if request != "" {
		return errors.New("request: the document has no body")
	}
	schema, declared := o.operation.responses[strconv.Itoa(status)]
	switch {
	case !declared:
		return fmt.Errorf("status %d is not declared", status)
	case schema == nil && response != "":
		return errors.New("response: the document has no body")
	case schema == nil:
		return nil
	}
	value, err := parseJSON([]byte(response))
	if err != nil {
		return err
	}
	return conforms(schema, &value, "")
}

// ControlMethods are the methods of Sandbox that the control API has, by operation id.
func ControlMethods() map[string]string {
	methods := map[string]string{}
	for _, c := range controls {
		methods[c.name] = c.goMethod
	}
	return methods
}

// CheckWorld holds a world against the schema in the control API's document: its form, and what has to be there.
func CheckWorld(document []byte) error {
	var raw rawSchema
	world := controlDocument()["components"].(object)["schemas"].(object)["World"]
	if err := json.Unmarshal(marshalled(world), &raw); err != nil {
		return err
	}
	schema := (&schemaReader{}).read(raw)
	value, err := parseJSON(document)
	if err != nil {
		return err
	}
	if err := (formChecker{}).check(schema, &value, ""); err != nil {
		return err
	}
	return checkRequired(schema, &value, "")
}

// The numbers that the package comment names.
const (
	OTPLifetime     = otpLifetime
	MaxOTPAttempts  = maxOTPAttempts
	SessionLifetime = sessionLifetime
	PayloadLifetime = payloadLifetime
	ProcessingTime  = defaultProcessingTime
	QueueTime       = queueTime
	ShelfTime       = shelfTime
	AttemptTimeout  = attemptTimeout
)

// ControlRoutes are the routes of the control API by the method of Sandbox that they call.
func ControlRoutes() map[string]string {
	routes := map[string]string{}
	for _, c := range controls {
		routes[c.goMethod] = c.method + " " + c.path
	}
	return routes
}

// The bounds of lists.
const (
	DefaultPageLimit     = defaultPageLimit
	MaxPageLimit         = maxPageLimit
	DefaultEventLimit    = defaultEventLimit
	DefaultDeliveryLimit = defaultDeliveryLimit
	MaxDeliveryLimit     = maxDeliveryLimit
	MaxHistoryLimit      = maxHistoryLimit
)
