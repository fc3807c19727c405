package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// bench is what the pairs share: one key, one server in another process, and the two clients that call it.
type bench struct {
	ctx          context.Context
	key          *byzantine.PrivateKey
	raw          *ecdsa.PrivateKey // the same key
	server       *server
	bare         *bare
	client       *byzantine.Client
	transactions int
	accounts     int
}

func newBench(ctx context.Context, transactions, accounts int) (*bench, error) {
	key, err := byzantine.GenerateKey()
	if err != nil {
		return nil, err
	}
	raw, err := rawKey(key)
	if err != nil {
		return nil, err
	}
	server, err := startServer(serverConfig{Protocol: "http", Transactions: transactions})
	if err != nil {
		return nil, err
	}
	client, err := byzantine.NewClient(key, byzantine.WithBaseURL(server.url))
	if err != nil {
		return nil, err
	}
	return &bench{
		ctx: ctx, key: key, raw: raw, server: server, client: client, transactions: transactions, accounts: accounts,
		bare: newBare(raw, key.PublicKeyHex(), server.url, 1),
	}, nil
}

// rawKey returns a key as the standard library's type.
func rawKey(key *byzantine.PrivateKey) (*ecdsa.PrivateKey, error) {
	scalar, err := hex.DecodeString(strings.TrimPrefix(key.SecretHex(), "0x"))
	if err != nil {
		return nil, err
	}
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
}

func (b *bench) close() error {
	_, err := b.server.close()
	return err
}

// pairs returns the lines of the first table.
func (b *bench) pairs() ([]*pair, error) {
	list := b.signaturePairs()
	list = append(list, b.callPair())
	for _, more := range []func() (*pair, error){
		b.documentPair, b.webhookPair, b.manyKeysPair, b.decodePair, b.longListPair, b.iterationPair, b.registrationPair, b.challengePair, b.claimsPair,
	} {
		p, err := more()
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return append(list, b.sandboxPairs()...), nil
}

// signaturePairs sign requests with bodies of several sizes.
func (b *bench) signaturePairs() []*pair {
	at := time.Now()
	head := fmt.Sprint(at.Unix(), "POST", postPath)
	digest := sha256.Sum256([]byte(head))
	sign := func(name string, body []byte) *pair {
		return &pair{
			name: "request signature, " + name,
			limit: func() error {
				_, err := signRaw(b.raw, head, body)
				return err
			},
			ours: func() error {
				_, err := byzantine.SignRequest(b.ctx, b.key, at, "POST", postPath, body)
				return err
			},
		}
	}
	empty := sign("0 B", nil)
	small := sign("1 KiB", make([]byte, 1<<10)).timeAtMost(1.05).allocationsAtMost(4)
	ready := sign("1 KiB, limit of a ready digest", make([]byte, 1<<10)).timeAtMost(1.05).allocationsAtMost(4)
	ready.limit = func() error {
		_, err := b.raw.Sign(nil, digest[:], crypto.SHA256)
		return err
	}
	large := sign("8 MiB", make([]byte, 8<<20))
	large.budgets = []budget{{
		name: "bytes as with 0 B",
		used: func() float64 { return median(large.oursCost.bytes) - median(empty.oursCost.bytes) },
		// Signatures differ in length by a byte or two, which can be another size class of the allocator.
		most: 64,
	}}
	return []*pair{empty, small, ready, sign("64 KiB", make([]byte, 64<<10)), large}
}

// A call with a body of 1 KiB: the registration of a passkey.
const (
	postPath     = "/v1/submit/create-authenticators-otp"
	postResponse = `{"authenticatorIds":["4b1c7a52-7a3e-4e57-9d6e-0c2f6d6f8a11"]}`
)

func postRequest() *byzantine.CreateAuthenticatorsOTPRequest {
	blob := func(n int) string {
		random := make([]byte, n)
		rand.Read(random)
		return base64.RawURLEncoding.EncodeToString(random)
	}
	return &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID: "0c6f7d8e-55b3-4f0e-8a35-3d1b8e9a7c21",
		AccountID: "1f0d2b6a-6d1e-4b7c-9a43-7e5c8d9f0b32",
		UserID:    "2a9e4c1d-3b5f-4d8a-8c76-5f4e3d2c1b43",
		Authenticators: []byzantine.AuthenticatorParam{{
			AuthenticatorName: "Ada's phone",
			Challenge:         blob(32),
			Attestation: byzantine.Attestation{
				CredentialID:      blob(32),
				ClientDataJSON:    blob(136),
				AttestationObject: blob(237),
				Transports:        []byzantine.AuthenticatorTransport{byzantine.TransportHybrid, byzantine.TransportInternal},
			},
		}},
	}
}

func (b *bench) callPair() *pair {
	request := postRequest()
	p := &pair{
		name:  "call, POST of 1 KiB",
		limit: func() error { return b.bare.post(b.ctx, request) },
		ours: func() error {
			_, err := b.client.CreateAuthenticatorsOTP(b.ctx, request)
			return err
		},
	}
	return p.timeAtMost(1.08).allocationsAtMost(8)
}

func (b *bare) post(ctx context.Context, request *byzantine.CreateAuthenticatorsOTPRequest) error {
	return b.call(ctx, "POST", postPath, request, new(byzantine.CreateAuthenticatorsOTPResponse))
}

const (
	documentSize     = 6 << 20
	documentPath     = "/v1/submit/update-individual-account"
	documentResponse = `{"userId":"2a9e4c1d-3b5f-4d8a-8c76-5f4e3d2c1b43","accountId":"1f0d2b6a-6d1e-4b7c-9a43-7e5c8d9f0b32","verificationStatus":"in_review"}`
	bodyLimit        = 1.25 // budget of bytes allocated for each byte of the body
)

// documentPair sends a document of several MiB. The limit builds the body by hand, in one buffer.
func (b *bench) documentPair() (*pair, error) {
	data := append([]byte("%PDF-1.7\n"), make([]byte, documentSize-9)...)
	document, err := byzantine.NewDataURI("application/pdf", data)
	if err != nil {
		return nil, err
	}
	request := &byzantine.UpdateIndividualAccountRequest{
		AccountID: "1f0d2b6a-6d1e-4b7c-9a43-7e5c8d9f0b32",
		VerificationDocuments: []byzantine.UserVerificationDocument{{
			DocumentType: byzantine.DocumentProofOfAddress, IssuingCountry: "FRA", Document: document,
		}},
	}
	const before = `{"accountId":"1f0d2b6a-6d1e-4b7c-9a43-7e5c8d9f0b32",` +
		`"verificationDocuments":[{"documentType":"proof_of_address","issuingCountry":"FRA","document":"`
	limit := func() (http.Header, error) {
		body := make([]byte, 0, len(before)+document.EncodedLen()+len(`"}]}`))
		body = append(body, before...)
		body, err := document.AppendText(body)
		if err != nil {
			return nil, err
		}
		body = append(body, `"}]}`...)
		return b.bare.send(b.ctx, "PATCH", documentPath, body, new(byzantine.UpdateIndividualAccountResponse))
	}
	theirs, err := limit()
	if err != nil {
		return nil, err
	}
	var ours byzantine.Response
	if _, err := b.client.UpdateIndividualAccount(b.ctx, request, byzantine.WithResponse(&ours)); err != nil {
		return nil, err
	}
	bodyLength, err := strconv.ParseFloat(ours.Header.Get(bodyLengthHeader), 64)
	if err != nil || ours.Header.Get(bodyLengthHeader) != theirs.Get(bodyLengthHeader) {
		return nil, errors.New("the two sides send different bodies")
	}
	p := &pair{
		name: "call with a document of 6 MiB",
		limit: func() error {
			_, err := limit()
			return err
		},
		ours: func() error {
			_, err := b.client.UpdateIndividualAccount(b.ctx, request)
			return err
		},
	}
	p.budgets = []budget{{
		name: fmt.Sprintf("bytes %.2f of the body's", bodyLimit),
		used: func() float64 { return median(p.oursCost.bytes) / bodyLength },
		most: bodyLimit,
	}}
	return p, nil
}

// webhookPair verifies a delivery. The limit only verifies its signature.
func (b *bench) webhookPair() (*pair, error) {
	p, err := b.deliveryPair(nil)
	if err != nil {
		return nil, err
	}
	p.name = "webhook verification"
	return p.timeAtMost(1.05), nil
}

// manyKeysPair is deliveryPair with a Verifier that has the keys of 1,000 subscriptions.
func (b *bench) manyKeysPair() (*pair, error) {
	others := make([]webhook.Key, 999)
	for i := range others {
		others[i] = webhook.Key{ID: fmt.Sprint(i), PublicKey: b.key.PublicKeyHex()}
	}
	p, err := b.deliveryPair(others)
	if err != nil {
		return nil, err
	}
	p.name = "webhook verification, 1000 keys"
	return p.timeAtMost(1.05), nil
}

// deliveryPair verifies a delivery with a Verifier that has the delivery's key and others.
func (b *bench) deliveryPair(others []webhook.Key) (*pair, error) {
	ids := webhooktest.DeliveryIDs{
		Delivery: "2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0001",
		Event:    "2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0002",
		Key:      "2f6a1c1e-0b7a-4c53-9d1b-5f0a4a6e0003",
	}
	body := []byte(`{"id":"` + ids.Event + `","type":"customer.resubmission_requested","occurredAt":"2026-09-03T10:11:12Z",` +
		`"livemode":true,"payloadVersion":1,"related":{"accountId":"` + ids.Key + `","userId":"` + ids.Delivery + `"},` +
		`"data":{"customer":{"accountId":"` + ids.Key + `","customerType":"individual","name":"Ada Lovelace",` +
		`"email":"ada@example.com","verificationStatus":"resubmission_requested"},"reasonCodes":["DOCUMENT_EXPIRED"]}}`)
	at := time.Now()
	header, err := webhooktest.SignDelivery(b.key, ids, at, body)
	if err != nil {
		return nil, err
	}
	verifier, err := webhook.NewVerifier(append(others, webhook.Key{ID: ids.Key, PublicKey: b.key.PublicKeyHex()}),
		webhook.WithClock(func() time.Time { return at }))
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(body)
	der, err := b.key.SignDigest(b.ctx, digest[:])
	if err != nil {
		return nil, err
	}
	return &pair{
		limit: func() error {
			if !ecdsa.VerifyASN1(&b.raw.PublicKey, digest[:], der) {
				return errors.New("the signature does not verify")
			}
			return nil
		},
		ours: func() error {
			_, err := verifier.Verify(b.ctx, header, body)
			return err
		},
	}, nil
}

// decodePair decodes a page of transactions. The limit decodes the same fields into standard types.
func (b *bench) decodePair() (*pair, error) {
	list := make([][]byte, pageSize)
	for i := range list {
		list[i] = transactionJSON(i)
	}
	page := pageJSON(list, pageSize, 0)
	return &pair{
		name:  "decode of 100 transactions",
		limit: func() error { return json.Unmarshal(page, new(plainPage)) },
		ours:  func() error { return json.Unmarshal(page, new(byzantine.TransactionPage)) },
	}, nil
}

// iterationPair reads the whole list of transactions. The limit requests one page after the other, by offset, as if the
// list did not change.
func (b *bench) iterationPair() (*pair, error) {
	enough := func(n int) error {
		if n != b.transactions {
			return fmt.Errorf("%d transactions instead of %d", n, b.transactions)
		}
		return nil
	}
	return &pair{
		name: fmt.Sprintf("iterating over %d transactions", b.transactions),
		limit: func() error {
			n := 0
			for n < b.transactions {
				var page byzantine.TransactionPage
				target := fmt.Sprintf("%s?limit=%d&offset=%d&order=desc", listPath, pageSize, n)
				if err := b.bare.call(b.ctx, "GET", target, nil, &page); err != nil {
					return err
				}
				n += len(page.Transactions)
			}
			return enough(n)
		},
		ours: func() error {
			n := 0
			for _, err := range b.client.AllTransactions(b.ctx, nil) {
				if err != nil {
					return err
				}
				n++
			}
			return enough(n)
		},
	}, nil
}
