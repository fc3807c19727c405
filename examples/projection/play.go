package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// customer is a user of the sandbox with a passkey, and their account.
type customer struct {
	browser           *passkeytest.Authenticator
	transactor        *passkey.Transactor
	passkeys          []passkey.Credential
	userID, accountID string
}

func newCustomer(ctx context.Context, sandbox *byzantinetest.Server) (*customer, error) {
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}
	user := sandbox.AddUser(byzantinetest.User{Email: "ada@example.com"})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	code := func(_ context.Context, otpID string) (string, error) { return sandbox.OTPCode(otpID), nil }
	enrollment, err := passkeytest.Enroll(ctx, sandbox.Client(),
		passkeytest.User{AccountID: account.ID, UserID: user.ID, RelyingParty: rp}, code)
	if err != nil {
		return nil, err
	}
	c := &customer{
		browser:    enrollment.Authenticator,
		transactor: &passkey.Transactor{Client: sandbox.Client(), RelyingParty: rp},
		passkeys:   []passkey.Credential{enrollment.Credential},
		userID:     user.ID,
		accountID:  account.ID,
	}
	sandbox.Activate(c.accountID, byzantine.ChainBase)
	sandbox.Fund(c.accountID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("10000"))
	return c, nil
}

// sign signs a payload with the customer's passkey, submits it, and returns the id of the transaction. err is the error
// of the call that returned the payload.
func (c *customer) sign(ctx context.Context, payload *byzantine.Payload, err error) (string, error) {
	if err != nil {
		return "", err
	}
	options, draft, err := c.transactor.Begin(c.userID, payload, c.passkeys)
	if err != nil {
		return "", err
	}
	response, err := c.browser.Get(options)
	if err != nil {
		return "", err
	}
	submitted, err := c.transactor.Finish(ctx, c.userID, draft, response)
	if err != nil {
		return "", err
	}
	return submitted.TransactionID, nil
}

func (c *customer) deposit(ctx context.Context, amount string) (string, error) {
	payload, err := c.transactor.Client.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{
		ChainID: byzantine.ChainBase, AccountID: c.accountID, VaultAddr: byzantinetest.VaultBaseUSDC,
		Amount: byzantine.MustParseDecimal(amount), SourceCurrency: byzantine.CurrencyUSDC,
	})
	return c.sign(ctx, payload, err)
}

func (c *customer) withdraw(ctx context.Context, amount string) (string, error) {
	payload, err := c.transactor.Client.GetWithdrawPayloadPasskey(ctx, &byzantine.GetWithdrawPayloadPasskeyRequest{
		ChainID: byzantine.ChainBase, AccountID: c.accountID, VaultAddr: byzantinetest.VaultBaseUSDC,
		Amount: byzantine.MustParseDecimal(amount), DestinationCurrency: byzantine.CurrencyUSDC,
	})
	return c.sign(ctx, payload, err)
}

func (c *customer) cancel(ctx context.Context, withdrawalID string) error {
	payload, err := c.transactor.Client.GetCancelWithdrawalPayloadPasskey(ctx,
		&byzantine.GetCancelWithdrawalPayloadPasskeyRequest{ChainID: byzantine.ChainBase, TransactionID: withdrawalID})
	_, err = c.sign(ctx, payload, err)
	return err
}

// play runs the sandbox for six days and brings the copy up to date at the end of each. On the last day a withdrawal
// that is in the copy is cancelled, for which the API sends no event.
func play(ctx context.Context, s *store) error {
	sandbox := byzantinetest.NewServer(byzantinetest.WithTime(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)))
	defer sandbox.Close()
	c, err := newCustomer(ctx, sandbox)
	if err != nil {
		return err
	}
	sandbox.QueueWithdrawals(byzantinetest.VaultBaseUSDC, true)
	for day := 1; day <= 6; day++ {
		if day == 6 {
			var withdrawal string
			if withdrawal, err = c.withdraw(ctx, "200"); err == nil {
				err = errors.Join(s.update(ctx, sandbox.Client(), sandbox.Now()), c.cancel(ctx, withdrawal))
			}
		} else {
			_, err = c.deposit(ctx, fmt.Sprintf("%d.5", 100*day))
		}
		if err != nil {
			return fmt.Errorf("day %d: %w", day, err)
		}
		sandbox.Advance(24 * time.Hour)
		if err := s.update(ctx, sandbox.Client(), sandbox.Now()); err != nil {
			return err
		}
	}
	return nil
}
