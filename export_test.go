package byzantine

import (
	"bytes"
	"context"
	"reflect"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// SendEmpty sends an operation's request without any fields and reads the response as the operation's method does.
func SendEmpty(ctx context.Context, c *Client, op Operation, out any, opts ...CallOption) error {
	set, err := settingsOf(opts)
	if err != nil {
		return err
	}
	return c.send(ctx, &op, wire.Request{PathAndQuery: withoutIdentifiers("/v1/x")}, out, set)
}

// MaskedForTest returns how a dump shows body, which is the JSON of a request or response with the type of value.
func MaskedForTest(body []byte, value any) string {
	var b bytes.Buffer
	dumpBody(&b, "", body, reflect.TypeOf(value))
	return b.String()
}

// DumpableForTest is dumpable, which reports whether a dump may show the texts of a type.
var DumpableForTest = dumpable
