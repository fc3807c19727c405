package byzantine

import (
	"bytes"
	"context"
	"reflect"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// SendEmpty sends an operation's request without its fields and reads the response as the operation's method does.
func SendEmpty(ctx context.Context, c *Client, op Operation, out any, opts ...CallOption) error {
	set, err := settingsOf(opts)
	if err != nil {
		return err
	}
	return c.send(ctx, &op, wire.Request{PathAndQuery: withoutIdentifiers("/v1/x")}, out, set)
}

// MaskedForTest is what a dump shows of a body of a type.
func MaskedForTest(body []byte, value any) string {
	var b bytes.Buffer
	dumpBody(&b, "", body, reflect.TypeOf(value))
	return b.String()
}

// DumpableForTest reports whether a dump may show a text of a marked type.
var DumpableForTest = dumpable
