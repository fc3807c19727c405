package options_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go/internal/options"
)

type option func(*[]int) error

func TestApply(t *testing.T) {
	add := func(n int) option { return func(list *[]int) error { *list = append(*list, n); return nil } }
	fail := func(text string) option { return func(*[]int) error { return errors.New(text) } }
	for _, tt := range []struct {
		opts []option
		want []int
		err  string
	}{
		{nil, nil, ""},
		{[]option{add(1), add(2)}, []int{1, 2}, ""},
		{[]option{add(1), fail("first"), fail("second"), add(2)}, []int{1, 2}, "first"},
		{[]option{add(1), nil, fail("second"), add(2)}, []int{1, 2}, "option 2 is nil"},
	} {
		var list []int
		err := options.Apply(&list, tt.opts)
		assert.Equal(t, tt.want, list)
		if tt.err == "" {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, tt.err)
		}
	}
}
