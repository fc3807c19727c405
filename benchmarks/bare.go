package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
)

// bare is the limit for a client: calls with net/http, encoding/json and crypto/ecdsa, written as briefly as possible
// and with hardly any handling of errors.
type bare struct {
	http      *http.Client
	key       *ecdsa.PrivateKey
	publicKey string // in the form of the X-Pubkey header
	url       string
}

// newBare returns a bare with a transport of its own, which keeps one idle connection for each of the callers.
func newBare(key *ecdsa.PrivateKey, publicKey, url string, callers int) *bare {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = callers, callers
	return &bare{&http.Client{Transport: transport}, key, publicKey, url}
}

// call sends in as JSON, or no body if in is nil, and decodes the response into out.
func (b *bare) call(ctx context.Context, method, pathAndQuery string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	_, err := b.send(ctx, method, pathAndQuery, body, out)
	return err
}

func (b *bare) send(ctx context.Context, method, pathAndQuery string, body []byte, out any) (http.Header, error) {
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	der, err := signRaw(b.key, timestamp+method+pathAndQuery, body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, b.url+pathAndQuery, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	// The same headers as those of a Client, so that both servers read the same request.
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", call.UserAgent)
	request.Header.Set("X-Pubkey", b.publicKey)
	request.Header.Set("X-Timestamp", timestamp)
	request.Header.Set("X-Signature", "0x"+hex.EncodeToString(der))
	response, err := b.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	var text bytes.Buffer
	text.Grow(int(max(response.ContentLength, 0)) + bytes.MinRead)
	if _, err := text.ReadFrom(response.Body); err != nil {
		return nil, err
	}
	return response.Header, json.Unmarshal(text.Bytes(), out)
}

// signRaw is the limit for a signature: the SHA-256 of head and body, and a deterministic signature (RFC 6979) of that
// hash.
func signRaw(key *ecdsa.PrivateKey, head string, body []byte) ([]byte, error) {
	hash := sha256.New()
	hash.Write([]byte(head))
	hash.Write(body)
	return key.Sign(nil, hash.Sum(nil), crypto.SHA256)
}
