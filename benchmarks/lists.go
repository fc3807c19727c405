package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/byzantine-finance/byzantine-go"
)

const (
	longList      = 25 << 20 // in bytes; a client accepts up to 32 MiB
	longListBytes = 60e6     // budget of bytes allocated for reading it
)

// canned is a round tripper that returns the same body for every request.
type canned []byte

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(c)), Body: io.NopCloser(bytes.NewReader(c)),
	}, nil
}

// longListPair reads a list of 25 MiB. The limit copies the body into one buffer and decodes it into plain types.
func (b *bench) longListPair() (*pair, error) {
	one := transactionJSON(0)
	list := make([][]byte, longList/(len(one)+1))
	for i := range list {
		list[i] = one
	}
	body := pageJSON(list, len(list), 0)
	client, err := byzantine.NewClient(b.key, byzantine.WithHTTPClient(&http.Client{Transport: canned(body)}))
	if err != nil {
		return nil, err
	}
	enough := func(n int) error {
		if n != len(list) {
			return fmt.Errorf("%d transactions instead of %d", n, len(list))
		}
		return nil
	}
	p := &pair{
		name: "response of 25 MiB",
		limit: func() error {
			var page plainPage
			if err := json.Unmarshal(bytes.Clone(body), &page); err != nil {
				return err
			}
			return enough(len(page.Transactions))
		},
		ours: func() error {
			page, err := client.GetAllTransactions(b.ctx, nil)
			if err != nil {
				return err
			}
			return enough(len(page.Transactions))
		},
	}
	p.budgets = []budget{{
		name: "bytes 60 MB",
		used: func() float64 { return median(p.oursCost.bytes) / 1e6 },
		most: longListBytes / 1e6,
	}}
	return p, nil
}
