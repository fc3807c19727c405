package wire

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// Check rejects a request that the API cannot accept: a required field that is missing, a field of the wrong shape.
// v is a struct or a pointer to one. The error is a *FieldError.
func Check(v any) error {
	rv := reflect.Indirect(reflect.ValueOf(v))
	if !rv.IsValid() {
		return &FieldError{Reason: "missing"}
	}
	// A typed nil must not become a non-nil error.
	if err := checkStruct(rv); err != nil {
		return err
	}
	return nil
}

func checkStruct(v reflect.Value) *FieldError {
	p := planOf(v.Type())
	for _, f := range p.fields {
		if err := f.check(v.FieldByIndex(f.index)); err != nil {
			return err.under(f.GoName, f.Name)
		}
	}
	for _, r := range p.rules {
		part := v
		if r.index != nil {
			part = v.FieldByIndex(r.index)
		}
		if err := obey(r.rule, part); err != nil {
			return err
		}
	}
	return nil
}

func (f *Field) check(v reflect.Value) *FieldError {
	if f.isZero(v) {
		if f.Optional {
			return nil
		}
		if f.zeroer || f.text || absent(v.Kind()) {
			return &FieldError{Reason: "missing"}
		}
	}
	if f.element != nil {
		if err := f.checkBounds(int64(v.Len()), "must have", "elements"); err != nil {
			return err
		}
		for i := range v.Len() {
			if err := f.element.check(v.Index(i)); err != nil {
				index := fmt.Sprintf("[%d]", i)
				return err.under(index, index)
			}
		}
		return nil
	}
	return f.checkValue(reflect.Indirect(v))
}

func (f *Field) checkValue(v reflect.Value) *FieldError {
	switch {
	case f.nested:
		return checkStruct(v)
	case v.Kind() == reflect.String:
		s := v.String()
		if !utf8.ValidString(s) {
			return &FieldError{Reason: "is not valid UTF-8"}
		}
		if f.Min != nil || f.Max != nil {
			if err := f.checkBounds(int64(utf8.RuneCountInString(s)), "must have", "characters"); err != nil {
				return err
			}
		}
		if f.hasFormat != nil && !f.hasFormat(s) {
			return &FieldError{Reason: formatTexts[f.Format]}
		}
	case f.Places != nil:
		if n := decimals(v.Interface().(fmt.Stringer).String()); n > *f.Places {
			return &FieldError{Reason: fmt.Sprintf("has %d decimals, must have at most %d", n, *f.Places)}
		}
	case v.CanInt():
		if err := f.checkBounds(v.Int(), "must be", ""); err != nil {
			return err
		}
	case v.CanFloat() && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)):
		return &FieldError{Reason: "must be a finite number"} // JSON has no other
	}
	if f.validates {
		return validate(v)
	}
	return nil
}

func (f *Field) checkBounds(n int64, verb, unit string) *FieldError {
	var bound int64
	var side string
	switch {
	case f.Min != nil && n < *f.Min:
		bound, side = *f.Min, "least"
	case f.Max != nil && n > *f.Max:
		bound, side = *f.Max, "most"
	default:
		return nil
	}
	if bound == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return &FieldError{Reason: strings.TrimSpace(fmt.Sprintf("%s at %s %d %s", verb, side, bound, unit))}
}

// decimals counts the digits behind the point of a decimal number, without zeros at the end.
func decimals(number string) int64 {
	_, fraction, _ := strings.Cut(number, ".")
	return int64(len(strings.TrimRight(fraction, "0")))
}

// validate calls the Validate method of a value.
func validate(v reflect.Value) *FieldError {
	return belowValue(v.Type(), v.Interface().(interface{ Validate() error }).Validate())
}

// belowValue converts the error of a rule or of a Validate method to a *FieldError. If it is one already, the field
// that it names is a field of the value, whose type is t; otherwise the error is about the value itself.
func belowValue(t reflect.Type, err error) *FieldError {
	if err == nil {
		return nil
	}
	var fe *FieldError
	if errors.As(err, &fe) {
		return &FieldError{Field: fe.Field, JSONPath: jsonPath(t, fe.Field), Reason: fe.Reason}
	}
	return &FieldError{Reason: Reason(err)}
}

// Reason returns the text of an error about a value, without the name of a package or of the value's type in front, for
// an error that names the field.
func Reason(err error) string {
	var about interface{ Reason() string }
	if errors.As(err, &about) {
		return about.Reason()
	}
	return errtext.Trim(err.Error())
}

// jsonPath converts the path of a field in Go, such as Authenticators[0].Challenge, to its path on the wire. If a
// part is not a field of the type, it returns the whole path unchanged.
func jsonPath(t reflect.Type, goPath string) string {
	path := ""
	for step := range strings.SplitSeq(goPath, ".") {
		name, index, indexed := strings.Cut(step, "[")
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return goPath
		}
		fields := planOf(t).fields
		i := slices.IndexFunc(fields, func(f *Field) bool { return f.GoName == name })
		if i < 0 {
			return goPath
		}
		if t, name = fields[i].Type, fields[i].Name; indexed {
			name += "[" + index
		}
		if path == "" {
			path = name
		} else {
			path = below(path, name)
		}
	}
	return path
}

func (f *Field) isZero(v reflect.Value) bool { return isZero(v, f.zeroer) }

// isZero agrees with encoding/json's omitzero, to which a pointer to a zero time is zero as well. zeroer says that the
// value, or what it points to, has an IsZero method.
func isZero(v reflect.Value, zeroer bool) bool {
	if zeroer && !(v.Kind() == reflect.Pointer && v.IsNil()) {
		return v.Interface().(interface{ IsZero() bool }).IsZero()
	}
	return v.IsZero()
}

// absent reports whether the zero value of a kind counts as missing: the kinds for which it cannot be a value that
// somebody wants to send. A struct is not one of them, because its own required fields are checked.
func absent(k reflect.Kind) bool {
	return k == reflect.String || k == reflect.Slice || k == reflect.Pointer || k == reflect.Interface
}

var formats = map[string]func(string) bool{
	"uuid":      IsUUID,
	"base64url": isBase64URL,
	"date":      isDate,
	"address":   isAddress,
	"pubkey":    isPubkey,
}

var formatTexts = map[string]string{
	"uuid":      "must be a UUID (8-4-4-4-12 hex digits)",
	"base64url": "must be unpadded base64url",
	"date":      "must be a date like 2006-01-02",
	"address":   "must be an address: 0x and 40 hex digits",
	"pubkey":    "must be a compressed P-256 point: 0x, 02 or 03, and 64 lower-case hex digits",
}

// The checks below allocate no memory, because they run for every call.

// base64Digits are in the order of their values.
const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// A charset is a set of ASCII characters: an entry for each byte that says whether it is in the set.
type charset [256]bool

var (
	base64Set   = charsetOf(base64Digits)
	lowerHexSet = charsetOf("0123456789abcdef")
	hexSet      = charsetOf("0123456789abcdefABCDEF")
)

func charsetOf(characters string) *charset {
	var set charset
	for _, c := range []byte(characters) {
		set[c] = true
	}
	return &set
}

// coversAll reports whether all characters of a text are in the set.
func (set *charset) coversAll(s string) bool {
	for i := range len(s) {
		if !set[s[i]] {
			return false
		}
	}
	return true
}

func isBase64URL(s string) bool {
	if s == "" || !base64Set.coversAll(s) {
		return s == ""
	}
	last := strings.IndexByte(base64Digits, s[len(s)-1])
	switch len(s) % 4 {
	case 0:
		return true
	case 2:
		return last%16 == 0 // its last bits belong to no byte
	case 3:
		return last%4 == 0
	}
	return false
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func isAddress(s string) bool {
	digits, ok := strings.CutPrefix(s, "0x")
	return ok && len(digits) == 40 && hexSet.coversAll(digits)
}

func isPubkey(s string) bool {
	digits, ok := strings.CutPrefix(s, "0x")
	return ok && len(digits) == 66 && lowerHexSet.coversAll(digits) && (digits[:2] == "02" || digits[:2] == "03")
}
