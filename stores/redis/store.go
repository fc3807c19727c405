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
	// DefaultPrefix is the beginning of every record's key unless [WithPrefix] sets another one.
	DefaultPrefix = "byzantine:webhook:"
	// DefaultRetention is how long a Store remembers that an event was handled unless [WithRetention] sets another
	// time.
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

// WithPrefix sets the string with which the key of every record begins, [DefaultPrefix] unless set. Receivers that use
// the same prefix in the same Redis database share their records: they are replicas of each other.
func WithPrefix(prefix string) Option {
	return func(s *Store) error { s.prefix = prefix; return nil }
}

// WithRetention sets how long the Store remembers that an event was handled, after the last renewal of the record:
// [DefaultRetention] unless set. After a downtime of more than nine tenths of d, events can be handled twice, see the
// package comment. Less than a day is an error, because the sender itself retries for about nine hours.
func WithRetention(d time.Duration) Option {
	return func(s *Store) error {
		if d < 24*time.Hour {
			return errors.New("WithRetention: must be at least a day")
		}
		s.retention = d
		return nil
	}
}

// New returns a Store that keeps its records in the Redis of client: a *redis.Client, a *redis.ClusterClient or any
// other redis.UniversalClient. New sends nothing to the server. The caller closes the client. A nil client is an error.
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

// A record is a hash with the fields token, until (the end of the lease in microseconds; 0 if the record is free), done
// (1 if the record is done, otherwise absent) and value (absent unless Save was called). A token is the server's time
// in microseconds when the claim was made, or one more than the record's last token if that is larger. So tokens grow
// even if the record was lost in between. All numbers stay below 2^53: up to there Lua's numbers are exact.
//
// A record without a value expires, one with a value is kept for ever. The age of a done record is the retention minus
// the time that Redis still keeps it (PTTL).
const (
	// now defines the variable now: the server's time in microseconds.
	now = `local t = redis.call('TIME'); local now = t[1] * 1000000 + t[2] `

	// format defines the function int, which writes a number without an exponent.
	format = `local function int(n) return string.format('%.0f', n) end `
)

var (
	// beginScript has the arguments lease in microseconds and retention in milliseconds. It returns {'handled'}, {'in
	// progress'}, or {'claimed', token, value}. It renews a record that is done if a tenth of the retention or more has
	// passed since the last renewal. It keeps a claim to the end of its lease, even if that is longer than the
	// retention.
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

	// doneScript has the arguments token and retention in milliseconds. This script and the next two return 1, or 0 if
	// they changed nothing because the token is not the record's last one.
	doneScript = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'done', 1)
if redis.call('HEXISTS', KEYS[1], 'value') == 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`)

	// forgetScript has the argument token. It leaves a done record done, because Begin looks at done before until.
	forgetScript = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'until', 0)
return 1`)

	// saveScript has the arguments token, lease in microseconds and value. It returns 0 for a record that is done, too.
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

// change runs doneScript, forgetScript or saveScript on the record of a claim, with the claim's token and args as
// arguments. It returns webhook.ErrLeaseLost if the script returns 0. call is the name of the call in the text of other
// errors.
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
