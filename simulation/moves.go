package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// amount is one of money.
func (v *visit) amount() byzantine.Decimal {
	return byzantine.MustParseDecimal(fmt.Sprintf("%d.%02d", 1+v.random.IntN(99), v.random.IntN(100)))
}

// deposit moves money into a vault.
func (v *visit) deposit(ctx context.Context) error {
	var payload *byzantine.Payload
	err := v.on.call(ctx, "GetDepositPayloadPasskey", false, v.limit(), func(ctx context.Context) (err error) {
		payload, err = v.on.client.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{
			ChainID: chain, AccountID: v.accountID, VaultAddr: byzantinetest.VaultBaseUSDC, Amount: v.amount(), SourceCurrency: byzantine.CurrencyUSDC,
		})
		return err
	})
	if err != nil {
		return err
	}
	return v.move(ctx, payload)
}

// withdraw moves money out of it.
func (v *visit) withdraw(ctx context.Context) error {
	var payload *byzantine.Payload
	err := v.on.call(ctx, "GetWithdrawPayloadPasskey", false, v.limit(), func(ctx context.Context) (err error) {
		payload, err = v.on.client.GetWithdrawPayloadPasskey(ctx, &byzantine.GetWithdrawPayloadPasskeyRequest{
			ChainID: chain, AccountID: v.accountID, VaultAddr: byzantinetest.VaultBaseUSDC, Amount: v.amount(), DestinationCurrency: byzantine.CurrencyUSDC,
		})
		return err
	})
	if err != nil {
		return err
	}
	return v.move(ctx, payload)
}

// move has the user sign a payload and submits it. Now and then the user clicks twice.
func (v *visit) move(ctx context.Context, payload *byzantine.Payload) error {
	options, draft, err := v.on.transactor.Begin(v.userID, payload, v.passkeys)
	if err != nil {
		return err
	}
	if err := v.think(20 * time.Second); err != nil {
		return err
	}
	response, err := v.device.Get(options)
	if err != nil {
		return err
	}
	limit := v.limit()
	double, pause, other := v.random.IntN(5) == 0, between(v.random, time.Millisecond, 2*time.Second), v.limit()
	second := make(chan struct{})
	go func() {
		defer close(second)
		if double && v.world.instants.sleep(v.on.process.ctx, pause) {
			_, _ = v.finish(ctx, draft, response, other)
		}
	}()
	submitted, err := v.finish(ctx, draft, response, limit)
	<-second
	if err != nil {
		return err
	}
	return v.on.call(ctx, "WaitForTransaction", true, 2*time.Minute, func(ctx context.Context) error {
		_, err := v.on.client.WaitForTransaction(ctx, submitted.TransactionID)
		return err
	})
}

// finish submits a draft, and looks what became of it if that is not known, as the README says.
func (v *visit) finish(ctx context.Context, draft *passkey.Draft, response json.RawMessage, limit time.Duration) (submitted *byzantine.SubmittedTransaction, err error) {
	err = v.on.call(context.WithValue(ctx, draftKey{}, draft.Key()), "SignPayloadPasskey", false, limit, func(ctx context.Context) (err error) {
		submitted, err = v.on.transactor.Finish(ctx, v.userID, draft, response)
		return err
	})
	if errors.Is(err, byzantine.ErrOutcomeUnknown) || errors.Is(err, passkey.ErrSubmitted) {
		_ = v.on.call(ctx, "GetTransaction", true, 30*time.Second, func(ctx context.Context) error {
			_, err := v.on.client.GetTransaction(ctx, draft.Payload.TransactionID)
			return err
		})
	}
	return submitted, err
}
