package wire

import "reflect"

// MarshalRequest writes the body of a request without the checks that Encode makes before.
func MarshalRequest(v any) ([]byte, error) {
	return marshal(reflect.Indirect(reflect.ValueOf(v)))
}

// Reserve is for the fuzz test.
var Reserve = reserve

// HasFormat reports whether a text has the format of a check tag.
func HasFormat(format, text string) bool { return formats[format](text) }
