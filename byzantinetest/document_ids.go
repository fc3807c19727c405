package byzantinetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

var errNoUUID = errors.New("must be a UUID (8-4-4-4-12 hex digits)")

// checkID rejects an id that no request could name, because the API takes UUIDs only. An empty one stands for a new id.
func checkID(id string) error {
	if id == "" || wire.IsUUID(id) {
		return nil
	}
	return errNoUUID
}

// checkIDs rejects a document with such an id, and says where it stands.
func checkIDs(d *worldDocument) error { return checkIDsBelow("", reflect.ValueOf(d).Elem()) }

func checkIDsBelow(path string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return checkIDsBelow(path, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := checkIDsBelow(fmt.Sprintf("%s[%d]", path, i), v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			var err error
			switch {
			case !field.IsExported():
			case isID(name) && v.Field(i).Kind() == reflect.String:
				err = errAt(joined(path, name), checkID(v.Field(i).String()))
			case field.Anonymous && name == "":
				err = checkIDsBelow(path, v.Field(i))
			default:
				err = checkIDsBelow(joined(path, name), v.Field(i))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// isID says whether a field of a document holds an id. That of a passkey is the authenticator's.
func isID(name string) bool {
	return name != "credentialId" && (name == "id" || strings.HasSuffix(name, "Id"))
}

func errAt(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", path, err)
}
