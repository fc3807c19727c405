package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "modernc.org/sqlite"

	"github.com/byzantine-finance/byzantine-go"
)

// Times are in milliseconds since 1970, except progress.since, which is in RFC 3339. Amounts are decimal strings, because
// SQLite's numbers with a fraction are floats.
const schema = `
CREATE TABLE IF NOT EXISTS transactions (
	id TEXT PRIMARY KEY, account_id TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
	amount TEXT, updated_at INTEGER NOT NULL, document TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS balances (
	at INTEGER NOT NULL, name TEXT NOT NULL, amount TEXT NOT NULL, PRIMARY KEY (at, name)) STRICT;
CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), since TEXT NOT NULL) STRICT;`

// store is the database with the copy.
type store struct{ db *sql.DB }

// openStore opens the database in a file, which it creates if it does not exist; an empty name is a database in memory.
// Each database transaction takes the write lock at its beginning, so a second process waits until the first has
// committed.
func openStore(ctx context.Context, file string) (*store, error) {
	// A path in URL form keeps a ? or # in the file's name apart from the options.
	dsn := url.URL{Scheme: "file", Opaque: url.PathEscape(file), RawQuery: "_txlock=immediate&_pragma=busy_timeout(60000)"}
	if file == "" {
		dsn.Opaque = ":memory:"
	}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // with :memory: each connection would have a database of its own
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot prepare the database %q: %w", file, err), db.Close())
	}
	return &store{db}, nil
}

// update brings the copy up to date and then stores a sample of the balances of its accounts. The two are separate
// database transactions: if the sample fails, the copy keeps its changes.
func (s *store) update(ctx context.Context, client *byzantine.Client, at time.Time) error {
	var unreadable *byzantine.PartialError
	err := s.commit(ctx, func(tx *sql.Tx) error {
		err := copyTransactions(ctx, client, tx)
		if errors.As(err, &unreadable) {
			return nil // all other transactions are stored; the next call begins at the same time as this one
		}
		return err
	})
	if unreadable != nil {
		err = unreadable
	}
	return errors.Join(err, s.commit(ctx, func(tx *sql.Tx) error { return sampleBalances(ctx, client, tx, at) }))
}

// commit runs change in a database transaction. If the process is killed, either all changes are in the database or
// none.
func (s *store) commit(ctx context.Context, change func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := change(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// copyTransactions stores the rows and, in the same database transaction, the time at which the next call begins. A
// kill before the commit leaves both as they were, and the next call reads the same part of the list again.
func copyTransactions(ctx context.Context, client *byzantine.Client, tx *sql.Tx) error {
	var text string
	var since time.Time // the zero time copies all transactions
	switch err := tx.QueryRowContext(ctx, `SELECT since FROM progress`).Scan(&text); {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return err
	default:
		if since, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return fmt.Errorf("progress.since in the database: %w", err)
		}
	}
	next, err := client.CopyTransactions(ctx, since, func(ctx context.Context, t *byzantine.Transaction) error {
		document, err := json.Marshal(t)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?)`, t.TransactionID,
			t.AccountID, t.Type, t.Status, t.IntermediaryAmount, t.UpdatedAt.UnixMilli(), string(document))
		return err
	})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO progress VALUES (1, ?)`, next.Format(time.RFC3339Nano))
	return err
}

// sampleBalances stores the sums of what all accounts in the copy have, by currency: in vaults, queued for withdrawal,
// and idle. A sum without one of the accounts would be wrong, so if the balances of one cannot be read, it returns an
// error and stores nothing.
func sampleBalances(ctx context.Context, client *byzantine.Client, tx *sql.Tx, at time.Time) error {
	var list string
	if err := tx.QueryRowContext(ctx, `SELECT json_group_array(DISTINCT account_id) FROM transactions`).Scan(&list); err != nil {
		return err
	}
	var accounts []string
	if err := json.Unmarshal([]byte(list), &accounts); err != nil {
		return err
	}
	sums := map[string]byzantine.Decimal{}
	add := func(currency byzantine.FiatCurrency, where string, amount byzantine.Decimal) {
		name := string(currency) + " " + where
		sums[name] = sums[name].Add(amount)
	}
	for _, account := range accounts {
		balances, err := client.GetAccountBalances(ctx, &byzantine.GetAccountBalancesRequest{AccountID: account})
		if err != nil {
			return fmt.Errorf("account %s: %w", account, err)
		}
		for _, wallet := range balances.SubAccounts {
			for _, position := range wallet.Positions {
				var queued byzantine.Decimal // stays 0 if nothing is queued, and is stored, so that the line in the plot goes down
				if position.PendingWithdrawals != nil {
					queued = position.PendingWithdrawals.Balance
				}
				add(position.Currency, "in vaults", position.Balance)
				add(position.Currency, "queued for withdrawal", queued)
			}
			for _, idle := range wallet.Idle {
				add(idle.Currency, "idle", idle.Balance)
			}
		}
	}
	for name, amount := range sums {
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO balances VALUES (?, ?, ?)`, at.UnixMilli(), name, amount); err != nil {
			return err
		}
	}
	return nil
}
