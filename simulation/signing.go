package simulation

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// signer is an API key, as a key service holds it: it takes time to sign. It notes for which call each signature is made.
type signer struct {
	world *World
	key   *ecdsa.PrivateKey
}

// signature is a signature of one attempt of a call.
type signature struct {
	call     *call
	began    time.Time // when the client asked for it
	made     time.Time
	clock    time.Duration // by how much the machine's clock was off
	written  time.Time     // when a request with it first left the client; zero on HTTP/2
	arrivals int           // requests with it that reached the proxy

	notBefore time.Time // the proxy's response asks to wait until then
}

// signerOf returns a signer with this key.
func (w *World) signerOf(key *byzantine.PrivateKey) (*signer, error) {
	scalar, err := hex.DecodeString(strings.TrimPrefix(key.SecretHex(), "0x"))
	if err != nil {
		return nil, err
	}
	parsed, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	return &signer{world: w, key: parsed}, err
}

func (s *signer) PublicKey() []byte {
	return elliptic.MarshalCompressed(elliptic.P256(), s.key.X, s.key.Y)
}

// SignDigest signs with a random nonce: no two signatures are the same, so each identifies its call.
func (s *signer) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return s.key.Sign(rand.Reader, digest, nil)
	}
	w, x := s.world, &s.world.calls
	began, clock := time.Now(), w.clockOff(c.machine)
	x.mu.Lock()
	c.signed++
	c.last, c.lastLeft = nil, false
	random := w.random(fmt.Sprintf("signature %d of %s", c.signed, c.name))
	x.mu.Unlock()
	if takes := between(random, time.Millisecond, 8*time.Second); random.Float64() < w.plan.slowSigner && w.stormy() && !w.instants.sleep(ctx, takes) {
		return nil, ctx.Err()
	}
	der, err := s.key.Sign(rand.Reader, digest, nil)
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	c.last = &signature{call: c, began: began, made: time.Now(), clock: clock}
	x.bySignature[hex.EncodeToString(der)] = c.last
	return der, nil
}

// The headers of a signed request.
const (
	signatureHeader = "X-Signature"
	pubkeyHeader    = "X-Pubkey"
	timestampHeader = "X-Timestamp"
)

// checkSigned checks a request that has come to the proxy: its signature covers the bytes that came, belongs to the key that
// the request names, and was sent once, soon after it was made. It returns the body.
func (x *calls) checkSigned(r *http.Request) io.ReadCloser {
	body, err := io.ReadAll(r.Body)
	if err != nil { // the connection broke
		return io.NopCloser(io.MultiReader(bytes.NewReader(body), brokenReader{err}))
	}
	rest := io.NopCloser(bytes.NewReader(body))
	text, key, at := r.Header.Get(signatureHeader), r.Header.Get(pubkeyHeader), r.Header.Get(timestampHeader)
	if text == "" {
		return rest
	}
	what := r.Method + " " + r.URL.Path
	der, _ := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	digest := sha256.Sum256([]byte(at + r.Method + r.RequestURI + string(body)))
	if !fits(key, digest[:], der) {
		for _, other := range x.world.vault.all() {
			if other != key && fits(other, digest[:], der) {
				x.world.violate(Keys, "%s names the key %.12s and is signed with %.12s", what, key, other)
				return rest
			}
		}
		x.world.violate(Signatures, "the signature of %s does not cover what was sent", what)
		return rest
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.bySignature[plain(text)]
	if s == nil {
		return rest // of the new key in a rotation, which proves it itself
	}
	s.arrivals++
	if s.arrivals > 1 {
		x.world.violate(Signatures, "%s #%d was sent %d times with one signature", what, s.call.id, s.arrivals)
	}
	x.checkTime(s, what, at)
	return rest
}

// checkTime checks that the timestamp is the machine's time when the client asked for the signature, and that the signature
// was sent at once. Where a clock is off, or a response so late that its Date is old, the client may correct the timestamp.
func (x *calls) checkTime(s *signature, what, header string) {
	p := &x.world.plan
	if p.proxyOff == 0 && p.clockOff == [2]time.Duration{} && p.clockJumps == 0 && p.network.sluggish == 0 {
		seconds, err := strconv.ParseInt(header, 10, 64)
		if off := s.began.Add(s.clock).Sub(time.Unix(seconds, 0)); err != nil || off < 0 || off >= time.Second {
			x.world.violate(Signatures, "%s #%d was signed with a time that is %v off", what, s.call.id, off)
		}
	}
	if waited := s.written.Sub(s.made); !s.written.IsZero() && waited > dialTimeout+slack {
		x.world.violate(Signatures, "%s #%d was signed %v before it was sent", what, s.call.id, waited)
	}
}

// fits reports whether a signature is that of a key. It uses no code of the SDK.
func fits(pubkey string, digest, der []byte) bool {
	point, err := hex.DecodeString(strings.TrimPrefix(pubkey, "0x"))
	if err != nil {
		return false
	}
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), point)
	if x == nil {
		return false
	}
	uncompressed := slices.Concat([]byte{4}, x.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32)))
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), uncompressed)
	return err == nil && ecdsa.VerifyASN1(key, digest, der)
}

// brokenReader is a body that breaks off.
type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }
