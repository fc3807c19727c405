package wire

import (
	"fmt"
	"reflect"
	"sync"
)

// Rule makes a function part of the check of a struct type, after the checks that its fields' tags ask for. It stands
// beside the type:
//
//	var _ = wire.Rule(func(r *GetUserDetailsRequest) error { ... })
//
// The function returns nil, or a *FieldError that names a field of the struct as Go does.
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

// ruleOf returns the rule of a struct type, nil if it has none. That of a Validate method would not be called, so a
// struct must not have one.
func ruleOf(t reflect.Type) func(reflect.Value) error {
	if has(t, validatorType) {
		panic(fmt.Sprintf("wire: %s has a Validate method: use Rule", t))
	}
	rule, _ := rules.Load(t)
	check, _ := rule.(func(reflect.Value) error)
	return check
}

// obey calls a rule with a struct and returns its error.
func obey(rule func(reflect.Value) error, v reflect.Value) *FieldError {
	if !v.CanAddr() {
		addressable := reflect.New(v.Type()).Elem()
		addressable.Set(v)
		v = addressable
	}
	return belowValue(v.Type(), rule(v))
}
