package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/options"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

const (
	// DefaultPrefix begins the keys of all records.
	DefaultPrefix = "byzantine:webhook:"
	// DefaultRetention is how long a store remembers that an event was handled.
	DefaultRetention = 30 * 24 * time.Hour
)

// Store is a webhook.Store on Redis. It is safe for concurrent use.
type Store struct {
	client    redis.Scripter
	prefix    string
	retention time.Duration
}

var _ webhook.Store = (*Store)(nil)

// Option changes how a Store works. The constructor returns an error for an option with an invalid value, and for a nil one.
type Option func(*Store) error

// WithPrefix sets what the keys of all records begin with, [DefaultPrefix] unless set. Receivers with the same prefix on
// the same database are replicas of each other.
func WithPrefix(prefix string) Option {
	return func(s *Store) error { s.prefix = prefix; return nil }
}

// WithRetention sets how long it is remembered that an event was handled, [DefaultRetention] unless set. It must be longer
// than the longest downtime after which no event may be handled twice, see package webhook. At least a day: the sender
// itself retries for nine hours.
func WithRetention(d time.Duration) Option {
	return func(s *Store) error {
		if d < 24*time.Hour {
			return errors.New("WithRetention: must be at least a day")
		}
		s.retention = d
		return nil
	}
}

// New returns a store on a *redis.Client, *redis.ClusterClient or any other redis.UniversalClient. It sends nothing yet;
// the caller closes the client.
func New(client redis.Scripter, opts ...Option) (*Store, error) {
	if client == nil {
		return nil, errors.New("redis: New: nil client")
	}
	s := &Store{client: client, prefix: DefaultPrefix, retention: DefaultRetention}
	if err := options.Apply(s, opts); err != nil {
		return nil, fmt.Errorf("redis: New: %w", errtext.Bare(err))
	}
	return s, nil
}

// A record is a hash: token; until, the end of the lease in microseconds, 0 when free; done, 1 when done; value, if one
// was saved. Tokens are microseconds of the server's clock, or one more than the last: so they grow even where the record
// was lost in between. All numbers stay below 2^53, the limit of Lua's.
//
// A record without a value expires. How old it is, is told by the time that it has left to live.
const (
	// now sets now to the server's clock in microseconds.
	now = `local t = redis.call('TIME'); local now = t[1] * 1000000 + t[2] `

	// format writes a number without an exponent.
	format = `local function int(n) return string.format('%.0f', n) end `
)

var (
	// ARGV: lease in microseconds, retention in milliseconds. A record that is done is renewed once a tenth of its
	// retention is over. A claim is kept to the end of its lease, even if that is longer than the retention.
	beginScript = redis.NewScript(now + format + `
local r = redis.call('HMGET', KEYS[1], 'token', 'until', 'done', 'value')
if r[3] then
  if not r[4] and redis.call('PTTL', KEYS[1]) <= ARGV[2] * 0.9 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return {'handled'}
end
if r[2] and tonumber(r[2]) > now then return {'in progress'} end
local token = now
if r[1] and tonumber(r[1]) >= now then token = tonumber(r[1]) + 1 end
redis.call('HSET', KEYS[1], 'token', int(token), 'until', int(now + ARGV[1]))
if not r[4] then redis.call('PEXPIRE', KEYS[1], int(math.max(ARGV[2], math.ceil(ARGV[1] / 1000)))) end
return {'claimed', int(token), r[4] or ''}`)

	// ARGV: token, retention in milliseconds.
	doneScript = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'done', 1)
if redis.call('HEXISTS', KEYS[1], 'value') == 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`)

	// ARGV: token.
	forgetScript = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'until', 0)
return 1`)

	// ARGV: token, lease in microseconds, value.
	saveScript = redis.NewScript(now + format + `
local r = redis.call('HMGET', KEYS[1], 'token', 'done')
if r[1] ~= ARGV[1] or r[2] then return 0 end
redis.call('HSET', KEYS[1], 'until', int(now + ARGV[2]), 'value', ARGV[3])
redis.call('PERSIST', KEYS[1])
return 1`)
)

// Retention implements webhook.Store.
func (s *Store) Retention() time.Duration { return s.retention }

// Begin implements webhook.Store.
func (s *Store) Begin(ctx context.Context, key string, lease time.Duration) (webhook.Claim, error) {
	reply, err := beginScript.Run(ctx, s.client, s.keys(key), lease.Microseconds(), s.retention.Milliseconds()).StringSlice()
	if err != nil {
		return webhook.Claim{}, fmt.Errorf("redis: begin: %w", errtext.Bare(err))
	}
	switch reply[0] {
	case "handled":
		return webhook.Claim{}, webhook.ErrHandled
	case "in progress":
		return webhook.Claim{}, webhook.ErrInProgress
	}
	c := webhook.Claim{Key: key, Value: reply[2]}
	if c.Token, err = strconv.ParseInt(reply[1], 10, 64); err != nil {
		return webhook.Claim{}, errors.New("redis: begin: the token is not a number")
	}
	return c, nil
}

// Done implements webhook.Store.
func (s *Store) Done(ctx context.Context, c webhook.Claim) error {
	return s.change(ctx, "done", doneScript, c, s.retention.Milliseconds())
}

// Forget implements webhook.Store.
func (s *Store) Forget(ctx context.Context, c webhook.Claim) error {
	err := s.change(ctx, "forget", forgetScript, c)
	if errors.Is(err, webhook.ErrLeaseLost) {
		return nil
	}
	return err
}

// Save implements webhook.Store.
func (s *Store) Save(ctx context.Context, c webhook.Claim, lease time.Duration, value string) error {
	return s.change(ctx, "save", saveScript, c, lease.Microseconds(), value)
}

// change runs a script that returns 1, or 0 if the claim is not the record's last one.
func (s *Store) change(ctx context.Context, call string, script *redis.Script, c webhook.Claim, args ...any) error {
	changed, err := script.Run(ctx, s.client, s.keys(c.Key), append([]any{c.Token}, args...)...).Bool()
	switch {
	case err != nil:
		return fmt.Errorf("redis: %s: %w", call, errtext.Bare(err))
	case !changed:
		return webhook.ErrLeaseLost
	}
	return nil
}

func (s *Store) keys(key string) []string { return []string{s.prefix + key} }
