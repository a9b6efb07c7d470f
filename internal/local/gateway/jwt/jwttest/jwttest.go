// Package jwttest is an issuer of tokens with a key set of its own, for tests. In: claims.
// Out: tokens, and the documents by which a reader finds their keys.
package jwttest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Audience is the client whose tokens Issue makes.
const Audience = "iris-web"

// Issuer publishes keys on an address of loopback. Make one with New.
type Issuer struct {
	URL string

	mu      sync.Mutex
	keys    map[string]map[string]any // by kid, as published
	serve   http.HandlerFunc          // answers in place of the documents when not nil
	fetched int
}

// Key is one of two RSA keys of 2048 bits, which are made once.
func Key(n int) *rsa.PrivateKey { return pair()[n] }

var pair = sync.OnceValue(func() (two [2]*rsa.PrivateKey) {
	for i := range two {
		var err error
		if two[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return two
})

// JWK is the public part of a key as RFC 7517 has it.
func JWK(kid string, key *rsa.PublicKey) map[string]any {
	return map[string]any{
		"kid": kid, "kty": "RSA", "alg": "RS256", "use": "sig",
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
}

// New is an issuer that publishes Key(0) as "first".
func New(t testing.TB) *Issuer {
	i := &Issuer{keys: map[string]map[string]any{"first": JWK("first", &Key(0).PublicKey)}}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

// Publish replaces the key set.
func (i *Issuer) Publish(keys ...map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = map[string]map[string]any{}
	for _, k := range keys {
		kid, _ := k["kid"].(string)
		i.keys[kid] = k
	}
}

// Serve answers every request with h from now on; nil: with the documents again.
func (i *Issuer) Serve(h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.serve = h
}

// Fetched is how often the key set was asked for.
func (i *Issuer) Fetched() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetched
}

func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.URL.Path == "/keys" {
		i.fetched++
	}
	if i.serve != nil {
		i.serve(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	case "/keys":
		var list []map[string]any
		for _, kid := range slices.Sorted(maps.Keys(i.keys)) {
			list = append(list, i.keys[kid])
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": list})
	default:
		http.NotFound(w, r)
	}
}

// Claims are those of an access token as Cognito makes it, for an hour from now; changes
// replace some, and remove those whose value is nil.
func (i *Issuer) Claims(now time.Time, changes map[string]any) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": i.URL, "sub": "alice", "client_id": Audience, "token_use": "access", "scope": "openid",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": "1",
	}
	for name, value := range changes {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

// Issue is a token of Claims, signed by Key(0).
func (i *Issuer) Issue(t testing.TB, now time.Time, changes map[string]any) string {
	t.Helper()
	return Sign(t, jwt.SigningMethodRS256, "first", Key(0), i.Claims(now, changes))
}

// Sign makes a token with a header of choice: further holds pairs of a name and a value.
func Sign(t testing.TB, method jwt.SigningMethod, kid string, key any, claims jwt.MapClaims, further ...any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	if kid != "" {
		token.Header["kid"] = kid
	}
	for n := 0; n+1 < len(further); n += 2 {
		name, _ := further[n].(string)
		if token.Header[name] = further[n+1]; further[n+1] == nil {
			delete(token.Header, name)
		}
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
