package wire

import (
	"fmt"
	"reflect"
	"sync"
)

// Rule adds a function to the check of a struct type. It is called after the checks that the fields' tags ask for. The
// call is written next to the type:
//
//	var _ = wire.Rule(func(r *GetUserDetailsRequest) error { ... })
//
// The function returns nil, or a *FieldError that names a field of the struct by its Go name. A second rule for one
// type panics.
func Rule[T any](rule func(*T) error) struct{} {
	addRule(reflect.TypeFor[T](), func(v reflect.Value) error { return rule(v.Addr().Interface().(*T)) })
	return struct{}{}
}

// rules holds a function for each struct type that has one. It takes an addressable value.
var rules sync.Map // reflect.Type -> func(reflect.Value) error

func addRule(t reflect.Type, rule func(reflect.Value) error) {
	if _, twice := rules.LoadOrStore(t, rule); twice {
		panic(fmt.Sprintf("wire: %s has two rules", t))
	}
	plans.Clear() // a plan that was made before lacks the rule
}

// ruleOf returns the rule of a struct type, nil if it has none. It panics if the struct has a Validate method, which
// would never be called.
func ruleOf(t reflect.Type) func(reflect.Value) error {
	if has(t, validatorType) {
		panic(fmt.Sprintf("wire: %s has a Validate method: use Rule", t))
	}
	rule, _ := rules.Load(t)
	check, _ := rule.(func(reflect.Value) error)
	return check
}

// obey calls a rule with the struct v and returns the rule's error, nil if there is none.
func obey(rule func(reflect.Value) error, v reflect.Value) *FieldError {
	if !v.CanAddr() {
		addressable := reflect.New(v.Type()).Elem()
		addressable.Set(v)
		v = addressable
	}
	return belowValue(v.Type(), rule(v))
}
