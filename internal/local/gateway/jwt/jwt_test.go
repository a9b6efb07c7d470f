package jwt

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/local/gateway/jwt/jwttest"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func authorizer(t *testing.T, i *jwttest.Issuer) (*Authorizer, *clock) {
	t.Helper()
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	a, err := New(t.Context(), Config{Issuer: i.URL, Audience: []string{"other", jwttest.Audience}, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return a, c
}

// A page that signs in talks to the issuer and, where it is elsewhere, to the token endpoint.
func TestOrigins(t *testing.T) {
	i := jwttest.New(t)
	for endpoint, more := range map[string][]string{
		"": nil, i.URL + "/token": nil, "https://sign-in.example/oauth2/token": {"https://sign-in.example"},
		"http://sign-in.example/oauth2/token": nil, "javascript:alert(1)": nil,
	} {
		i.Serve(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/keys" {
				_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{jwttest.JWK("first", &jwttest.Key(0).PublicKey)}})
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "token_endpoint": endpoint})
		})
		a, _ := authorizer(t, i)
		if d := cmp.Diff(append([]string{i.URL}, more...), a.Origins()); d != "" {
			t.Errorf("%q: %s", endpoint, d)
		}
	}
}

func TestClaims(t *testing.T) {
	i := jwttest.New(t)
	a, c := authorizer(t, i)
	got, err := a.Claims(t.Context(), i.Issue(t, c.now(), map[string]any{
		"cognito:groups": []string{"a", "b"}, "scp": []string{}, "email_verified": true, "big": json.Number("12345678901234567890"), "address": map[string]any{"x": 1}, "none": json.RawMessage("null"),
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"iss": i.URL, "sub": "alice", "client_id": jwttest.Audience, "token_use": "access", "scope": "openid", "jti": "1",
		"iat": "1800000000", "nbf": "1800000000", "exp": "1800003600",
		"cognito:groups": "[a b]", "scp": "[]", "email_verified": "true", "big": "12345678901234567890", "address": `{"x":1}`, "none": "null",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What a token must be: each case differs from a good one in the one thing that it names.
func TestTokens(t *testing.T) {
	i := jwttest.New(t)
	first, second := jwttest.Key(0), jwttest.Key(1)
	i.Publish(jwttest.JWK("first", &first.PublicKey), without(jwttest.JWK("any", &first.PublicKey), "alg"))
	a, c := authorizer(t, i)
	now := c.now()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&first.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	claims := func(changes map[string]any) jwt.MapClaims { return i.Claims(now, changes) }
	rs := func(changes map[string]any) string { return i.Issue(t, now, changes) }
	header := func(further ...any) string {
		return jwttest.Sign(t, jwt.SigningMethodRS256, "first", first, claims(nil), further...)
	}
	good := rs(nil)
	part := strings.Split(good, ".")
	b64 := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	payload, _ := json.Marshal(claims(map[string]any{"sub": "mallory"}))
	for _, test := range []struct{ name, token, reason string }{
		{"a good one", good, ""},
		{"RS384", jwttest.Sign(t, jwt.SigningMethodRS384, "any", first, claims(nil)), ""},
		{"RS512", jwttest.Sign(t, jwt.SigningMethodRS512, "any", first, claims(nil)), ""},
		{"no typ", header("typ", nil), ""},
		{"an access token by RFC 9068", header("typ", "at+jwt"), ""},
		{"the same in full", header("typ", "application/AT+JWT"), ""},
		{"aud in place of client_id", rs(map[string]any{"client_id": nil, "aud": jwttest.Audience}), ""},
		{"aud among others", rs(map[string]any{"aud": []string{"x", jwttest.Audience}}), ""},
		{"no nbf, no iat", rs(map[string]any{"nbf": nil, "iat": nil}), ""},
		{"a fraction of a second", rs(map[string]any{"exp": 1_800_000_000.5}), ""},

		{"none", jwttest.Sign(t, jwt.SigningMethodNone, "first", jwt.UnsafeAllowNoneSignatureType, claims(nil)), "signature"},
		{"None, in other letters", b64(`{"alg":"nOnE","kid":"first"}`) + "." + part[1] + ".", "cannot be read"},
		{"no alg", b64(`{"kid":"first"}`) + "." + part[1] + "." + part[2], "cannot be read"},
		{"HMAC with the public key as secret", jwttest.Sign(t, jwt.SigningMethodHS256, "first", public, claims(nil)), "signature"},
		{"HMAC with the modulus as secret", jwttest.Sign(t, jwt.SigningMethodHS256, "first", first.N.Bytes(), claims(nil)), "signature"},
		{"HMAC with nothing as secret", jwttest.Sign(t, jwt.SigningMethodHS512, "first", []byte{}, claims(nil)), "signature"},
		{"an elliptic curve", jwttest.Sign(t, jwt.SigningMethodES256, "first", curve, claims(nil)), "signature"},
		{"RSA-PSS, which API Gateway does not take", jwttest.Sign(t, jwt.SigningMethodPS256, "any", first, claims(nil)), "signature"},
		{"another method than the key's", jwttest.Sign(t, jwt.SigningMethodRS512, "first", first, claims(nil)), "none of the issuer's"},
		{"another's key", jwttest.Sign(t, jwt.SigningMethodRS256, "first", second, claims(nil)), "signature"},
		{"another's claims", part[0] + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + part[2], "signature"},
		{"a flipped bit", good[:len(good)-20] + flip(good[len(good)-20:]), "signature"},
		{"no signature", part[0] + "." + part[1] + ".", "signature"},
		{"two parts", part[0] + "." + part[1], "JSON Web Token"},
		{"four parts", good + "." + part[2], "JSON Web Token"},
		{"five parts, an encrypted one", "a.b.c.d.e", "JSON Web Token"},
		{"nothing", "", "no token"},
		{"a share's token", "iris_share_x", "JSON Web Token"},
		{"padding", part[0] + "=." + part[1] + "." + part[2], "JSON Web Token"},
		{"a blank", good + " ", "JSON Web Token"},
		{"a megabyte", strings.Repeat("a", 1<<20) + good, "too long"},
		{"deep", b64(strings.Repeat(`[`, 3000)) + "." + part[1] + "." + part[2], "JSON Web Token"},

		{"no kid", jwttest.Sign(t, jwt.SigningMethodRS256, "", first, claims(nil)), "name its key"},
		{"a kid that is no text", header("kid", []string{"first"}), "name its key"},
		{"an unknown kid", header("kid", "../../dev/null"), "none of the issuer's"},
		{"its own key in the header", jwttest.Sign(t, jwt.SigningMethodRS256, "mine", second, claims(nil), "jwk", jwttest.JWK("mine", &second.PublicKey)), "none of the issuer's"},
		{"its own address of keys", jwttest.Sign(t, jwt.SigningMethodRS256, "mine", second, claims(nil), "jku", i.URL+"/mine", "x5u", i.URL+"/mine"), "none of the issuer's"},
		{"a critical header", header("crit", []string{"exp"}, "exp", 1), "critical"},
		{"an empty critical header", header("crit", []string{}), "critical"},
		{"a logout token", header("typ", "logout+jwt"), "another kind"},
		{"a typ that is no text", header("typ", 1), "another kind"},

		{"expired by more than the clocks may differ", rs(map[string]any{"exp": now.Add(-Skew - time.Second).Unix()}), "expired"},
		{"expired by less", rs(map[string]any{"exp": now.Add(-Skew + time.Second).Unix()}), ""},
		{"no exp", rs(map[string]any{"exp": nil}), "lacks a claim"},
		{"exp 0", rs(map[string]any{"exp": 0}), "expired"},
		{"exp null", rs(map[string]any{"exp": json.RawMessage("null")}), "cannot be read"},
		{"exp as a text", rs(map[string]any{"exp": "1900000000"}), "cannot be read"},
		{"exp beyond any time", rs(map[string]any{"exp": json.RawMessage("1e300")}), "expired"},
		{"a negative exp", rs(map[string]any{"exp": -1}), "expired"},
		{"not yet", rs(map[string]any{"nbf": now.Add(Skew + time.Second).Unix()}), "not valid yet"},
		{"nearly", rs(map[string]any{"nbf": now.Add(Skew - time.Second).Unix()}), ""},
		{"of the future", rs(map[string]any{"iat": now.Add(Skew + time.Second).Unix()}), "future"},
		{"another issuer", rs(map[string]any{"iss": "https://evil.example"}), "another issuer"},
		{"the issuer with a slash", rs(map[string]any{"iss": i.URL + "/"}), "another issuer"},
		{"no issuer", rs(map[string]any{"iss": nil}), "lacks a claim"},
		{"a list of issuers", rs(map[string]any{"iss": []string{i.URL}}), "cannot be read"},
		{"another client", rs(map[string]any{"client_id": "x"}), "another audience"},
		{"no client", rs(map[string]any{"client_id": nil}), "another audience"},
		{"a list of clients", rs(map[string]any{"client_id": []string{jwttest.Audience}}), "another audience"},
		{"another aud beside the right client_id", rs(map[string]any{"aud": "x"}), "another audience"},
		{"an empty aud beside the right client_id", rs(map[string]any{"aud": []string{}}), "another audience"},
		{"an aud that is no text", rs(map[string]any{"aud": 7}), "another audience"},
		{"a sub of null", rs(map[string]any{"sub": json.RawMessage("null")}), "subject is no text"},
		{"a sub that is a number", rs(map[string]any{"sub": 7}), "subject is no text"},
		{"a sub that is a list", rs(map[string]any{"sub": []string{"alice"}}), "subject is no text"},
		{"a sub that is an object", rs(map[string]any{"sub": map[string]any{"a": "alice"}}), "subject is no text"},
		{"a part of the aud", rs(map[string]any{"aud": jwttest.Audience[:4]}), "another audience"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := a.Claims(t.Context(), test.token)
			var no *Refused
			if test.reason == "" {
				if err != nil || got["sub"] != "alice" {
					t.Errorf("%v, %v", got, err)
				}
				return
			}
			if !errors.As(err, &no) || !strings.Contains(no.Reason, test.reason) || got != nil {
				t.Errorf("%v, %v; want a refusal with %q", got, err, test.reason)
			}
			if test.token != "" && len(test.token) < 5000 && strings.Contains(err.Error(), test.token) {
				t.Error("the refusal repeats the token")
			}
		})
	}
}

func flip(s string) string {
	if s[0] == 'A' {
		return "B" + s[1:]
	}
	return "A" + s[1:]
}

func without(m map[string]any, name string) map[string]any {
	delete(m, name)
	return m
}

func with(m map[string]any, name string, value any) map[string]any {
	m[name] = value
	return m
}

// Keys come and go: a new one is found at its first token, one that is taken back is not
// believed after the next look, and nobody makes the gateway ask more often than it may.
func TestKeysRotate(t *testing.T) {
	i := jwttest.New(t)
	a, c := authorizer(t, i)
	token := func(kid string, n int) string {
		return jwttest.Sign(t, jwt.SigningMethodRS256, kid, jwttest.Key(n), i.Claims(c.now(), nil))
	}
	takes := func(kid string, n int, want bool) {
		t.Helper()
		if _, err := a.Claims(t.Context(), token(kid, n)); (err == nil) != want {
			t.Errorf("%s: %v", kid, err)
		}
	}
	takes("first", 0, true)
	i.Publish(jwttest.JWK("first", &jwttest.Key(0).PublicKey), jwttest.JWK("second", &jwttest.Key(1).PublicKey))
	takes("second", 1, false) // the set was read just now
	c.pass(askAgain)
	takes("second", 1, true)
	takes("first", 0, true)
	if got := i.Fetched(); got != 2 {
		t.Errorf("asked %d times", got)
	}
	for n := range 100 {
		takes(fmt.Sprint("unknown-", n), 1, false)
	}
	if got := i.Fetched(); got != 2 {
		t.Errorf("a hundred names of keys made the gateway ask %d times", got)
	}
	i.Publish(jwttest.JWK("second", &jwttest.Key(1).PublicKey))
	takes("first", 0, true) // not known yet
	c.pass(refreshAfter)
	takes("first", 0, false)
	takes("second", 1, true)
}

// An issuer that does not answer, or answers nonsense, leaves the keys in force for a day.
func TestTheIssuerIsAway(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"500":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"not JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"no keys":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) },
		"too long": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[` + strings.Repeat(" ", maxDocument) + `]}`))
		},
		"led elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://evil.example/keys", http.StatusFound)
		},
		"too many": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[` + strings.Repeat(`{},`, maxKeys) + `{}]}`))
		},
		"a list":         func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`[]`)) },
		"a broken reply": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			i := jwttest.New(t)
			a, c := authorizer(t, i)
			i.Serve(serve)
			c.pass(refreshAfter)
			if _, err := a.Claims(t.Context(), i.Issue(t, c.now(), nil)); err != nil {
				t.Errorf("after an hour: %v", err)
			}
			c.pass(tooOld)
			var away *Unreachable
			if _, err := a.Claims(t.Context(), i.Issue(t, c.now(), nil)); !errors.As(err, &away) {
				t.Errorf("after a day: %v", err)
			}
			if _, err := a.Claims(t.Context(), i.Issue(t, c.now(), nil)); !errors.As(err, &away) {
				t.Errorf("at once again: %v", err)
			}
			i.Serve(nil)
			c.pass(askAgain)
			if _, err := a.Claims(t.Context(), i.Issue(t, c.now(), nil)); err != nil {
				t.Errorf("when it is back: %v", err)
			}
		})
	}
}

// A request that is given up does not take from others the look at new keys.
func TestARequestThatIsGivenUpStillReads(t *testing.T) {
	i := jwttest.New(t)
	a, c := authorizer(t, i)
	i.Publish(jwttest.JWK("second", &jwttest.Key(1).PublicKey))
	c.pass(askAgain)
	token := jwttest.Sign(t, jwt.SigningMethodRS256, "second", jwttest.Key(1), i.Claims(c.now(), nil))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = a.Claims(ctx, token)
	if _, err := a.Claims(t.Context(), token); err != nil {
		t.Error(err)
	}
}

func TestManyAtOnce(t *testing.T) {
	i := jwttest.New(t)
	a, c := authorizer(t, i)
	good := i.Issue(t, c.now(), nil)
	unknown := jwttest.Sign(t, jwt.SigningMethodRS256, "unknown", jwttest.Key(1), i.Claims(c.now(), nil))
	c.pass(askAgain)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := a.Claims(t.Context(), good); err != nil {
				t.Error(err)
			}
			if _, err := a.Claims(t.Context(), unknown); err == nil {
				t.Error("an unknown key was taken")
			}
		})
	}
	all.Wait()
	if got := i.Fetched(); got != 2 {
		t.Errorf("asked %d times", got)
	}
}

// Which of the published keys are believed.
func TestKeysThatAreNone(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	one := func() map[string]any { return jwttest.JWK("k", &jwttest.Key(0).PublicKey) }
	huge := base64.RawURLEncoding.EncodeToString(new(big.Int).Lsh(big.NewInt(1), maxBits).Bytes())
	for _, c := range []struct {
		name string
		key  map[string]any
		want bool
	}{
		{"a good one", one(), true}, {"no use", without(one(), "use"), true}, {"no alg", without(one(), "alg"), true}, {"to verify", with(one(), "key_ops", []string{"verify"}), true},
		{"for encryption", with(one(), "use", "enc"), false}, {"to wrap keys", with(one(), "key_ops", []string{"wrapKey"}), false}, {"for no operation", with(one(), "key_ops", []string{}), false},
		{"for another algorithm", with(one(), "alg", "RSA-OAEP"), false}, {"for HMAC", with(one(), "alg", "HS256"), false}, {"no kid", without(one(), "kid"), false},
		{"a curve", with(one(), "kty", "EC"), false}, {"a secret", map[string]any{"kid": "k", "kty": "oct", "k": "AAAA"}, false},
		{"1024 bits", jwttest.JWK("k", &weak.PublicKey), false}, {"too long", with(one(), "n", huge), false}, {"no modulus", without(one(), "n"), false}, {"no base64", with(one(), "n", "?"), false},
		{"exponent 1", with(one(), "e", "AQ"), false}, {"exponent 2", with(one(), "e", "Ag"), false}, {"no exponent", with(one(), "e", ""), false}, {"an exponent of 64 bits", with(one(), "e", "AQAAAAAAAAE"), false},
		{"a number for a text", with(one(), "n", 7), false},
	} {
		raw, err := json.Marshal(c.key)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := parseKey(raw); ok != c.want {
			t.Errorf("%s: %v", c.name, ok)
		}
	}
}

// What an issuer must be, and the sentence for each that is none.
func TestIssuers(t *testing.T) {
	i := jwttest.New(t)
	about := func(doc string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(strings.ReplaceAll(doc, "ISSUER", i.URL)))
		}
	}
	for _, c := range []struct {
		name, issuer string
		serve        http.HandlerFunc
		want         string
	}{
		{"http elsewhere", "http://issuer.example", nil, "\"http://issuer.example\": want https, or http on this machine"},
		{"no address", "issuer", nil, "bad_issuer"}, {"nothing", "", nil, "bad_issuer"}, {"a query", i.URL + "?x", nil, "without a query"}, {"a fragment", i.URL + "#x", nil, "bad_issuer"},
		{"a password", strings.Replace(i.URL, "http://", "http://me:secret@", 1), nil, "bad_issuer"}, {"a file", "file:///etc/passwd", nil, "bad_issuer"},
		{"a name that begins like ours", "http://localhost.evil.example", nil, "bad_issuer"},
		{"it is away", i.URL, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "issuer_unreachable"},
		{"another name", i.URL, about(`{"issuer":"ISSUER/","jwks_uri":"ISSUER/keys"}`), `calls itself "` + i.URL + `/"`},
		{"keys elsewhere, in the clear", i.URL, about(`{"issuer":"ISSUER","jwks_uri":"http://evil.example/keys"}`), "bad_issuer"},
		{"keys in a file", i.URL, about(`{"issuer":"ISSUER","jwks_uri":"file:///keys"}`), "bad_issuer"},
		{"no keys", i.URL, about(`{"issuer":"ISSUER","jwks_uri":"ISSUER/keys"}`), "issuer_unreachable"},
		{"not JSON", i.URL, about(`<html>`), "issuer_unreachable"},
	} {
		i.Serve(c.serve)
		a, err := New(t.Context(), Config{Issuer: c.issuer, Audience: []string{"x"}})
		var wrong *IssuerError
		if a != nil || !errors.As(err, &wrong) || wrong.Away != (c.want == "issuer_unreachable") || !wrong.Away && c.want != "bad_issuer" && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	i.Serve(nil)
	for _, audience := range [][]string{nil, {""}, {"x", ""}} {
		if _, err := New(t.Context(), Config{Issuer: i.URL, Audience: audience}); err == nil {
			t.Errorf("audience %q was taken", audience)
		}
	}
}
