package byzantine

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// PartialError says that a call succeeded and that some elements of lists in its response could not be read. A method
// returns it together with everything that was read: such an element stands in its list with the fields that were read,
// the others are zero. An iterator yields the zero value with a PartialError of one element, and goes on if the loop
// does. [WithResponse] has the bytes.
//
// An element could not be read if it is of the wrong kind or if a field of it that must be readable is not: its own id,
// or the id or type of an event, which must not be missing either. Any other field that cannot be read is left zero
// without an error; the client's log names it.
type PartialError struct {
	Operation OperationID // empty for [Client.Do]
	Method    string
	Elements  []ElementError
}

// ElementError is an element of a list that could not be read. It holds no part of the response except an event's id.
type ElementError struct {
	Index int    // in its list, from 0
	ID    string // of an event, a UUID, if it could be read; "" in all other lists
	Err   error  // says where and why: "events[3].id: number in place of string"

	top   int  // the index of the element of the outermost list that it is or stands in
	below bool // it stands in a list in such an element
}

func (e ElementError) Error() string { return "byzantine: " + textOf(e.Err) }

// Unwrap returns Err.
func (e ElementError) Unwrap() error { return e.Err }

func (e *PartialError) Error() string {
	const shown = 3
	var b strings.Builder
	b.WriteString("byzantine: ")
	if e.Operation != "" {
		b.WriteString(string(e.Operation) + ": ")
	}
	if len(e.Elements) == 1 {
		b.WriteString("the call succeeded, but an element of the response cannot be read")
	} else {
		fmt.Fprintf(&b, "the call succeeded, but %d elements of the response cannot be read", len(e.Elements))
	}
	for i, element := range e.Elements[:min(len(e.Elements), shown)] {
		b.WriteString([]string{": ", "; ", "; "}[i] + errtext.Trim(element.Error()))
	}
	if len(e.Elements) > shown {
		b.WriteString("; ...")
	}
	return b.String()
}

// Is reports true for [ErrTookEffect] if Method is that of a request that does not only read.
func (e *PartialError) Is(target error) bool {
	return target == ErrTookEffect && e.Method != "" && e.Method != http.MethodGet
}

// Unwrap returns the elements.
func (e *PartialError) Unwrap() []error {
	errs := make([]error, len(e.Elements))
	for i, element := range e.Elements {
		errs[i] = element
	}
	return errs
}

func isPartial(err error) bool {
	var partial *PartialError
	return errors.As(err, &partial)
}

func newPartialError(op *Operation, elements []wire.Element) *PartialError {
	e := &PartialError{Operation: op.ID, Method: op.Method, Elements: make([]ElementError, len(elements))}
	for i := range elements {
		element := &elements[i]
		e.Elements[i] = ElementError{Index: element.Index, Err: &element.Finding, top: element.Top, below: element.Depth > 1}
	}
	return e
}

// pageErrors has the errors of a page, for an iterator that yields them one by one: each error stands with the element
// of the page that it is about.
type pageErrors struct {
	of    PartialError           // without its elements
	own   map[int]ElementError   // of the page's elements, by index
	below map[int][]ElementError // of elements of lists in them
}

// takeApart splits the error of a list method into the errors of elements, if it is a *PartialError, and any other
// error.
func takeApart(err error) (*pageErrors, error) {
	var partial *PartialError
	if !errors.As(err, &partial) {
		return new(pageErrors), err
	}
	p := &pageErrors{PartialError{Operation: partial.Operation, Method: partial.Method}, map[int]ElementError{}, map[int][]ElementError{}}
	for _, e := range partial.Elements {
		if e.below {
			p.below[e.top] = append(p.below[e.top], e)
		} else {
			p.own[e.Index] = e
		}
	}
	return p, nil
}

// unreadable reports whether the element of the page with an index could not be read.
func (p *pageErrors) unreadable(index int) bool {
	_, is := p.own[index]
	return is
}

// yieldElement yields one element of a page, or the zero value and an error if the element could not be read. Then it
// yields an error for each unreadable element of a list inside the element. It returns false if the loop has ended.
func yieldElement[T any](p *pageErrors, index int, element T, yield func(T, error) bool) bool {
	var none T
	single := func(e ElementError) error { return &PartialError{p.of.Operation, p.of.Method, []ElementError{e}} }
	if own, is := p.own[index]; is {
		if !yield(none, single(own)) {
			return false
		}
	} else if !yield(element, nil) {
		return false
	}
	for _, e := range p.below[index] {
		if !yield(none, single(e)) {
			return false
		}
	}
	return true
}
