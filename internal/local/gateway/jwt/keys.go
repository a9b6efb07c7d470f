package jwt

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Times of the key set.
const (
	refreshAfter = time.Hour        // a set of this age is read anew by the next request
	askAgain     = 10 * time.Second // after a key was not found, or the issuer did not answer
	tooOld       = 24 * time.Hour   // then a set is not believed, whatever the issuer's trouble
	fetchWithin  = 5 * time.Second
)

// Bounds of what the issuer sends.
const (
	maxDocument = 1 << 20
	maxKeys     = 100
	minBits     = 2048 // RFC 7518 §3.3
	maxBits     = 8192 // a longer key makes each check slow
)

// key is one RSA key of a set.
type key struct {
	id, alg string // alg is empty for any
	public  *rsa.PublicKey
}

// keySet is what the issuer published at a time.
type keySet struct {
	keys []key
	read time.Time
}

// keys reads the issuer's keys and keeps them for a while.
type keys struct {
	url    string
	hosts  []string // origins of the issuer and of its token endpoint
	client *http.Client
	now    func() time.Time

	set     atomic.Pointer[keySet]
	reading chan struct{} // holds one value while nobody reads
	tried   time.Time     // the last attempt; of whoever has the value
}

func newKeys(ctx context.Context, cfg Config) (*keys, error) {
	issuer, err := address(cfg.Issuer)
	if err == nil && issuer.RawQuery != "" {
		err = fmt.Errorf("%q: want an address without a query", cfg.Issuer)
	}
	if err != nil {
		return nil, bad("%w", err)
	}
	k := &keys{client: strict(cfg.Client), now: cfg.Now, reading: make(chan struct{}, 1)}
	var about struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
		Token  string `json:"token_endpoint"`
	}
	if err := k.get(ctx, strings.TrimSuffix(cfg.Issuer, "/")+"/.well-known/openid-configuration", &about); err != nil {
		return nil, away("the issuer does not say what it is: %w", err)
	}
	if about.Issuer != cfg.Issuer {
		return nil, bad("the issuer calls itself %q, and its tokens do too: give that", about.Issuer)
	}
	at, err := address(about.Keys)
	if err == nil && at.Scheme != issuer.Scheme {
		err = fmt.Errorf("%q: want an address of %s, as the issuer's", about.Keys, issuer.Scheme)
	}
	if err != nil {
		return nil, bad("where its keys are: %w", err)
	}
	k.url = about.Keys
	k.hosts = []string{issuer.Scheme + "://" + issuer.Host}
	if token, err := address(about.Token); err == nil && token.Host != issuer.Host {
		k.hosts = append(k.hosts, token.Scheme+"://"+token.Host)
	}
	if err := k.read(ctx); err != nil {
		return nil, away("the issuer does not give its keys: %w", err)
	}
	k.reading <- struct{}{}
	return k, nil
}

// address reads a URL of an issuer: https, so that nobody on the way can put in keys of
// his own, or http where the way is this machine's.
func address(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("%q is no address: want https://…", raw)
	}
	ip := net.ParseIP(u.Hostname())
	here := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !here) || u.Fragment != "" {
		return nil, fmt.Errorf("%q: want https, or http on this machine", raw)
	}
	return u, nil
}

// strict is a client that follows no redirect: it could lead off https.
func strict(from *http.Client) *http.Client {
	c := &http.Client{}
	if from != nil {
		*c = *from
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

func (k *keys) get(ctx context.Context, address string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := k.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err != nil {
		return err
	}
	if len(text) > maxDocument {
		return fmt.Errorf("%s answers more than %d bytes", address, maxDocument)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s does not answer with JSON of the right form", address)
	}
	return nil
}

// read replaces the set by what the issuer publishes now, so that a key that it has taken
// back is not believed any longer.
func (k *keys) read(ctx context.Context) error {
	k.tried = k.now()
	var published struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := k.get(ctx, k.url, &published); err != nil {
		return err
	}
	if len(published.Keys) > maxKeys {
		return fmt.Errorf("%d keys: want at most %d", len(published.Keys), maxKeys)
	}
	next := &keySet{read: k.now()}
	for _, raw := range published.Keys {
		if one, ok := parseKey(raw); ok { // others are for other uses, or of kinds that API Gateway does not take
			next.keys = append(next.keys, one)
		}
	}
	if len(next.keys) == 0 {
		return errors.New("there is no RSA key for signatures among its keys")
	}
	k.set.Store(next)
	return nil
}

// find is the key of an id, for a method. A key that is not there, or a set that is old,
// makes it look at the issuer, which has perhaps changed its keys; not more often than
// every askAgain, for anybody can send the name of a key that there is not.
func (k *keys) find(ctx context.Context, id, alg string) (any, error) {
	found, age := k.look(id, alg)
	if len(found.Keys) > 0 && age < refreshAfter {
		return found, nil
	}
	if err := k.renew(ctx, len(found.Keys) == 0); err != nil && age >= tooOld {
		return nil, &Unreachable{err}
	}
	if found, age = k.look(id, alg); len(found.Keys) == 0 {
		return nil, refused("the token's key is none of the issuer's")
	}
	if age >= tooOld {
		return nil, &Unreachable{errors.New("they are too old")}
	}
	return found, nil
}

// look finds keys in the set, which it gives the age of.
func (k *keys) look(id, alg string) (found jwt.VerificationKeySet, age time.Duration) {
	set := k.set.Load()
	for _, one := range set.keys {
		if one.id == id && (one.alg == "" || one.alg == alg) {
			found.Keys = append(found.Keys, one.public)
		}
	}
	return found, k.now().Sub(set.read)
}

// renew reads the keys, unless that was tried just now. Whoever cannot go on without them
// waits for another who reads. What is read is read to its end, though its request be
// given up: else anybody could keep others from new keys by giving up.
func (k *keys) renew(ctx context.Context, wait bool) error {
	if !wait {
		select {
		case <-k.reading:
		default:
			return nil
		}
	} else {
		select {
		case <-k.reading:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() { k.reading <- struct{}{} }()
	if k.now().Sub(k.tried) < askAgain {
		return nil
	}
	return k.read(context.WithoutCancel(ctx))
}

// parseKey reads a key (RFC 7517 §4, RFC 7518 §6.3.1), if it is an RSA key that may check
// signatures.
func parseKey(raw json.RawMessage) (key, bool) {
	var k struct {
		Kty, Use, Alg, Kid, N, E string
		Ops                      []string `json:"key_ops"`
	}
	if json.Unmarshal(raw, &k) != nil || k.Kty != "RSA" || k.Kid == "" || k.Use != "" && k.Use != "sig" ||
		k.Ops != nil && !slices.Contains(k.Ops, "verify") || k.Alg != "" && !slices.Contains(methods, k.Alg) {
		return key{}, false
	}
	n, errN := base64.RawURLEncoding.DecodeString(k.N)
	e, errE := base64.RawURLEncoding.DecodeString(k.E)
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if errN != nil || errE != nil || len(e) > 4 || public.E < 3 || public.E > 1<<31-1 || public.E%2 == 0 || public.N.BitLen() < minBits || public.N.BitLen() > maxBits {
		return key{}, false
	}
	return key{k.Kid, k.Alg, public}, true
}
