package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go"
)

// Whatever stands on the command line and in a body is rejected, or makes a request that can go on the wire.
func FuzzBuildRequest(f *testing.F) {
	for op := range byzantine.Operations() {
		f.Add(string(op.ID), "accountId=11111111-2222-4333-8444-555555555555", "chain_id=8453", `{"amount":"1.5"}`)
	}
	f.Add("update_credential", "pubkey=0x02", "active=false", ``)
	f.Add("update_credential", "pubkey=..", "label=\xff", `{}`)
	f.Add("list_events", "limit=9223372036854775808", "createdAfter=now", ``)
	f.Add("create_subscription", "url=x", "eventTypes=[null]", `{"url":null}`)
	f.Add("get_deposit_payload_passkey", "chain_id=", "amount=1e999999999", `[[[`)
	f.Fuzz(func(t *testing.T, id, first, second, body string) {
		if strings.Contains(first+second, "=@") {
			return // it would read any file
		}
		op, err := operation(id)
		if err != nil {
			return
		}
		var file []byte
		if body != "" {
			file = []byte(body)
		}
		request, err := buildRequest(&process{stdin: strings.NewReader("")}, op, []string{first, second}, file)
		if err != nil {
			return
		}
		literal, _, _ := strings.Cut(op.Path, "{")
		assert.True(t, strings.HasPrefix(request.PathAndQuery, literal), request.PathAndQuery)
		assert.NotContains(t, request.PathAndQuery, " ")
		assert.True(t, request.Body == nil || json.Valid(request.Body), "%s", request.Body)
	})
}

func FuzzReadDelivery(f *testing.F) {
	f.Add([]byte("A: b\r\n\r\n{}"))
	f.Add([]byte("POST / HTTP/1.1\nA: b\nContent-Length: 2\n\n{}\n"))
	f.Add([]byte("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n2\r\n{}\r\n0\r\n\r\n"))
	f.Add([]byte("A: b\nA: c\nContent-Length: -1\n\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, body, err := readDelivery(text)
		if err == nil {
			assert.LessOrEqual(t, len(body), len(text))
		}
	})
}

// What a name places into a document is valid JSON, and a second time is an error.
func FuzzPlace(f *testing.F) {
	f.Add("userInfo.firstName", `{"userInfo":{"lastName":"x"}}`)
	f.Add("rootUsers[].email", `{"rootUsers":[]}`)
	f.Add("a[0][1].b", `null`)
	f.Add("a[", `{}`)
	f.Fuzz(func(t *testing.T, name, document string) {
		steps, err := parsePath(name)
		if err != nil || !json.Valid([]byte(document)) {
			return
		}
		once, err := place(json.RawMessage(document), steps, json.RawMessage(`"v"`))
		if err != nil {
			return
		}
		assert.True(t, json.Valid(once), "%s", once)
		_, err = place(once, steps, json.RawMessage(`"w"`))
		assert.ErrorIs(t, err, errTwice)
	})
}
