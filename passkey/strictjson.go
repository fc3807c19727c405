package passkey

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// object is a JSON object whose members have been read strictly.
type object struct {
	check   string // what an error calls the object
	members map[string]json.RawMessage
}

// decodeObject reads a JSON object the way every other reader of the same bytes does. encoding/json alone lets the last
// of two equal names win, matches names without regard to case and replaces invalid UTF-8, so that a response could
// mean one thing here and another to the API. known are the names that will be asked for.
func decodeObject(check string, data []byte, known ...string) (object, error) {
	o := object{check: check, members: map[string]json.RawMessage{}}
	if len(data) == 0 {
		return o, malformed(check, "missing")
	}
	if !utf8.Valid(data) {
		return o, malformed(check, "not valid UTF-8")
	}
	if !json.Valid(data) {
		return o, malformed(check, "not valid JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return o, malformed(check, "not a JSON object")
	}
	for dec.More() {
		token, err := dec.Token()
		name, isName := token.(string)
		var value json.RawMessage
		if err != nil || !isName || dec.Decode(&value) != nil {
			return o, malformed(check, "not valid JSON")
		}
		if _, twice := o.members[name]; twice {
			return o, malformed(check, "has two members of the same name")
		}
		o.members[name] = value
	}
	for name := range o.members {
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				return o, malformed(o.path(k), "spelt in other letter case")
			}
		}
	}
	return o, nil
}

// path is what an error calls a member of the object.
func (o object) path(member string) string { return o.check + "." + member }

func (o object) has(member string) bool { return o.members[member] != nil }

// text returns a member that must be a string and not empty.
func (o object) text(member string) (string, error) {
	if !o.has(member) {
		return "", malformed(o.path(member), "missing")
	}
	var s *string
	if err := json.Unmarshal(o.members[member], &s); err != nil || s == nil {
		return "", malformed(o.path(member), "not a string")
	}
	if *s == "" {
		return "", malformed(o.path(member), "empty")
	}
	return *s, nil
}

// bytes returns a member that must be base64 and not empty.
func (o object) bytes(member string) ([]byte, error) {
	s, err := o.text(member)
	if err != nil {
		return nil, err
	}
	b, err := decodeBase64(s)
	if err != nil {
		return nil, malformed(o.path(member), err.Error())
	}
	return b, nil
}

// expect refuses a member that is not the string it must be.
func (o object) expect(member, want string) error {
	s, err := o.text(member)
	if err == nil && s != want {
		err = malformed(o.path(member), "not "+want)
	}
	return err
}
