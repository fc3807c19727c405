package simulation

import (
	"context"
	"reflect"
	"strings"
)

// mostHeld is how many bytes an object of a program may hold when nothing is under way: twice what the largest holds in a new
// program. The events in a MemoryStore and the error that a key source returned last do not count.
const mostHeld = 1 << 10

// checkHeld checks that a program that has nothing to do any more has given back what its work needed: its rotation counts no
// attempt as under way, its context has no children, and none of its objects holds more than mostHeld bytes.
func (p *program) checkHeld() {
	w := p.world
	if n := field(reflect.ValueOf(p.rotation), "using").Len(); n > 0 {
		w.violate(Bounds, "%s still counts attempts with %d keys as under way", p.name, n)
	}
	if n := children(p.process.ctx); n > 0 {
		w.violate(Bounds, "%d contexts still hang on that of %s", n, p.name)
	}
	for _, part := range []any{p.client, p.rotation, p.transactor, p.handler, p.reconciler, p.verifier} {
		if n := held(reflect.ValueOf(part), map[uintptr]bool{}); n > mostHeld {
			w.violate(Bounds, "the %T of %s holds %d bytes", part, p.name, n)
		}
	}
}

// field returns a field of the struct that v is, or points to by one or more pointers and interfaces.
func field(v reflect.Value, name string) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v.FieldByName(name)
}

// children returns how many contexts are cancelled together with ctx, which context.WithCancel has made.
func children(ctx context.Context) int { return field(reflect.ValueOf(ctx), "children").Len() }

// held returns how many bytes an object holds. It follows pointers and interfaces to types of the SDK only, see ours.
func held(v reflect.Value, seen map[uintptr]bool) (bytes int) {
	bytes = int(v.Type().Size())
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] || !ours(v.Type().Elem()) {
			return bytes
		}
		seen[v.Pointer()] = true
		return bytes + held(v.Elem(), seen)
	case reflect.Interface:
		if v.IsNil() || v.Type() == reflect.TypeFor[error]() || !ours(v.Elem().Type()) {
			return bytes
		}
		return bytes + held(v.Elem(), seen)
	case reflect.String:
		return bytes + v.Len()
	case reflect.Slice:
		bytes += (v.Cap() - v.Len()) * int(v.Type().Elem().Size())
		for i := range v.Len() {
			bytes += held(v.Index(i), seen)
		}
	case reflect.Map:
		for entry := v.MapRange(); entry.Next(); {
			bytes += held(entry.Key(), seen) + held(entry.Value(), seen)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			bytes += held(v.Field(i), seen) - int(v.Field(i).Type().Size())
		}
	}
	return bytes
}

// ours reports whether a type is one whose memory is the SDK's: not the simulation, its stores and transports, nor a
// MemoryStore, which remembers events as long as its capacity allows.
func ours(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	path := t.PkgPath()
	return path == "" || strings.HasPrefix(path, module) && !strings.HasPrefix(path, module+"/simulation") && t.Name() != "MemoryStore"
}

const module = "github.com/byzantine-finance/byzantine-go"
