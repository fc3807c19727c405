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

// amount returns a random amount of money, with up to six decimals.
func (v *visit) amount() byzantine.Decimal {
	whole, places := v.random.IntN(100), pick(v.random, 0, 1, 2, 6)
	if places == 0 {
		return byzantine.MustParseDecimal(fmt.Sprint(1 + whole))
	}
	return byzantine.MustParseDecimal(fmt.Sprintf("%d.%0*d", whole, places, 1+v.random.IntN(9)))
}

// deposit moves money into a vault.
func (v *visit) deposit(ctx context.Context) error {
	amount := v.amount()
	return v.move(ctx, &order{kind: byzantine.TransactionTypeDeposit, amount: amount}, "GetDepositPayloadPasskey", func(ctx context.Context) (*byzantine.Payload, error) {
		return v.on.client.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{
			ChainID: chain, AccountID: v.accountID, VaultAddr: byzantinetest.VaultBaseUSDC, Amount: amount, SourceCurrency: byzantine.CurrencyUSDC,
		})
	})
}

// withdraw moves money out of the vault.
func (v *visit) withdraw(ctx context.Context) error {
	amount := v.amount()
	return v.move(ctx, &order{kind: byzantine.TransactionTypeWithdraw, amount: amount}, "GetWithdrawPayloadPasskey", func(ctx context.Context) (*byzantine.Payload, error) {
		return v.on.client.GetWithdrawPayloadPasskey(ctx, &byzantine.GetWithdrawPayloadPasskeyRequest{
			ChainID: chain, AccountID: v.accountID, VaultAddr: byzantinetest.VaultBaseUSDC, Amount: amount, DestinationCurrency: byzantine.CurrencyUSDC,
		})
	})
}

// transfer sends money to another user, or to an address that no user has.
func (v *visit) transfer(ctx context.Context) error {
	amount, to := v.amount(), pick(v.random, v.world.people...)
	address := to.wallet
	if to == v.person {
		to, address = nil, "0x00000000000000000000000000000000000000aa"
	}
	return v.move(ctx, &order{kind: byzantine.TransactionTypeTransfer, amount: amount, to: to}, "GetTransferPayloadPasskey", func(ctx context.Context) (*byzantine.Payload, error) {
		return v.on.client.GetTransferPayloadPasskey(ctx, &byzantine.GetTransferPayloadPasskeyRequest{
			ChainID: chain, AccountID: v.accountID, Currency: byzantine.CryptoUSDC, Amount: amount, DestinationAddress: address,
		})
	})
}

// cancel takes back a withdrawal, if it is still in the vault's queue.
func (v *visit) cancel(ctx context.Context) error {
	id := v.world.books.ordered(v.person, byzantine.TransactionTypeWithdraw, v.random.IntN(100))
	if id == "" {
		return nil
	}
	return v.move(ctx, nil, "GetCancelWithdrawalPayloadPasskey", func(ctx context.Context) (*byzantine.Payload, error) {
		return v.on.client.GetCancelWithdrawalPayloadPasskey(ctx, &byzantine.GetCancelWithdrawalPayloadPasskeyRequest{ChainID: chain, TransactionID: id})
	})
}

// invite asks somebody else to join the account.
func (v *visit) invite(ctx context.Context) error {
	n := v.random.IntN(1 << 30)
	guest := byzantine.Invitee{FirstName: fmt.Sprintf("Secretguest%d", n), LastName: fmt.Sprintf("Secretclan%d", n), UserEmail: fmt.Sprintf("secret.guest%d@mail.example", n)}
	v.world.secrets.add("a guest's name", guest.FirstName)
	v.world.secrets.add("a guest's e-mail address", guest.UserEmail)
	var payload *byzantine.Payload
	err := v.on.call(ctx, "GetInviteUsersPayloadPasskey", false, v.limit(), func(ctx context.Context) (err error) {
		payload, err = v.on.client.GetInviteUsersPayloadPasskey(ctx, &byzantine.GetInviteUsersPayloadPasskeyRequest{
			AccountID: v.accountID, NewUsers: []byzantine.Invitee{guest},
		})
		return err
	})
	if err != nil {
		return err
	}
	options, state, err := relyingParty.BeginSigning(payload, v.passkeys)
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
	signed, err := relyingParty.FinishSigning(state, response)
	if err != nil {
		return err
	}
	return v.on.call(ctx, "InviteUsers", false, v.limit(), func(ctx context.Context) error {
		_, err := v.on.client.InviteUsers(ctx, &byzantine.InviteUsersRequest{SignedPayload: signed, InvitedBy: v.userID})
		return err
	})
}

// move has the user sign the payload that drafted returns, and submits it, in one case of five by two clicks. o is nil for a
// cancellation.
func (v *visit) move(ctx context.Context, o *order, op string, drafted func(context.Context) (*byzantine.Payload, error)) error {
	var payload *byzantine.Payload
	err := v.on.call(ctx, op, false, v.limit(), func(ctx context.Context) (err error) {
		payload, err = drafted(ctx)
		return err
	})
	if err != nil {
		return err
	}
	books := &v.world.books
	if o != nil {
		o.by = v.person
		books.enter(payload.TransactionID, o)
	}
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
	done, err := v.finish(ctx, draft, response, limit)
	<-second
	if err != nil || o == nil {
		return err
	}
	books.tell(payload.TransactionID, submitted)
	return v.on.call(ctx, waits, true, 2*time.Minute, func(ctx context.Context) error {
		_, err := v.on.client.WaitForTransaction(ctx, done.TransactionID)
		var failed *byzantine.TransactionFailedError
		switch {
		case err == nil && v.on.process.alive():
			books.tell(payload.TransactionID, byzantine.TransactionCompleted)
		case errors.As(err, &failed) && failed.Transaction != nil && v.on.process.alive():
			books.tell(payload.TransactionID, failed.Transaction.Status)
		}
		return err
	})
}

// finish submits a draft. If the outcome is unknown, it looks up the transaction, as the README says.
func (v *visit) finish(ctx context.Context, draft *passkey.Draft, response json.RawMessage, limit time.Duration) (done *byzantine.SubmittedTransaction, err error) {
	err = v.on.call(context.WithValue(ctx, draftKey{}, draft.Key()), "SignPayloadPasskey", false, limit, func(ctx context.Context) (err error) {
		done, err = v.on.transactor.Finish(ctx, v.userID, draft, response)
		return err
	})
	if errors.Is(err, byzantine.ErrOutcomeUnknown) || errors.Is(err, passkey.ErrSubmitted) {
		_ = v.on.call(ctx, "GetTransaction", true, 30*time.Second, func(ctx context.Context) error {
			_, err := v.on.client.GetTransaction(ctx, draft.Payload.TransactionID)
			return err
		})
	}
	return done, err
}
