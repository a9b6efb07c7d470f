// Package jwt is API Gateway's JWT authorizer on one machine. In: a bearer token. Out: its
// claims as texts, in the form in which API Gateway hands them to a function, or a
// *Refused that says why there are none. The keys are those that the issuer publishes
// (OpenID Connect Discovery 1.0, RFC 7517).
//
// It lives in the gateway and not in the api function, because on AWS the function never
// sees a token's signature: the bytes that run there run here.
package jwt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Config says whose tokens are taken.
type Config struct {
	Issuer   string   // an https URL, or http on loopback; the tokens' iss, to the letter
	Audience []string // a token's aud, or client_id where it has no aud, is one of these
	Client   *http.Client
	Now      func() time.Time // the machine's clock when nil
}

// Skew is how far the clocks of issuer and this machine may differ (RFC 7519 §4.1.4).
const Skew = 30 * time.Second

// maxToken bounds a token; API Gateway takes 10,240 bytes of headers in all.
const maxToken = 8 << 10

// methods are API Gateway's: RSA only. A list of ours, and never the token's own word,
// says what is taken: none and HMAC with a public key as secret are not (RFC 8725 §2.1).
var methods = []string{"RS256", "RS384", "RS512"}

// Refused says why a token is not taken. Its text holds nothing of the token.
type Refused struct{ Reason string }

func (e *Refused) Error() string { return e.Reason }

func refused(reason string) error { return &Refused{Reason: reason} }

// Authorizer checks tokens. Make one with New.
type Authorizer struct {
	cfg    Config
	keys   *keys
	parser *jwt.Parser
}

// New asks the issuer where its keys are, and reads them. The error is an
// *IssuerError.
func New(ctx context.Context, cfg Config) (*Authorizer, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if len(cfg.Audience) == 0 || slices.Contains(cfg.Audience, "") {
		return nil, bad("no audience is given: want the client ids whose tokens are taken")
	}
	k, err := newKeys(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Authorizer{cfg: cfg, keys: k, parser: jwt.NewParser(
		jwt.WithValidMethods(methods), jwt.WithIssuer(cfg.Issuer), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(Skew), jwt.WithTimeFunc(cfg.Now), jwt.WithJSONNumber(),
	)}, nil
}

// Origins are those that a page talks to when somebody signs in: the issuer's, and its token
// endpoint's, which with Cognito is another host.
func (a *Authorizer) Origins() []string { return a.keys.hosts }

// Claims are what a token says, if it is one of the issuer's for this audience, in force.
func (a *Authorizer) Claims(ctx context.Context, token string) (map[string]string, error) {
	if token == "" {
		return nil, refused("the request carries no token")
	}
	if len(token) > maxToken {
		return nil, refused("the token is too long")
	}
	claims := jwt.MapClaims{}
	_, err := a.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) { return a.keysFor(ctx, t) })
	if err != nil {
		return nil, reason(err)
	}
	if !a.isForUs(claims) {
		return nil, refused("the token is for another audience")
	}
	// A subject is a text (RFC 7519 §4.1.2). Any other would be one by the letters that are
	// made of it: that of null is "null" for everybody, and 7 is "7".
	if subject, there := claims["sub"]; there {
		if _, is := subject.(string); !is {
			return nil, refused("the token's subject is no text")
		}
	}
	out := make(map[string]string, len(claims))
	for name, value := range claims {
		if out[name], err = text(value); err != nil {
			return nil, refused("the token cannot be read")
		}
	}
	return out, nil
}

// keysFor are the keys by which a token may be signed. What a token says that its reader
// has to understand (crit, RFC 7515 §4.1.11) is not understood here, and what says that
// it is another kind of token (RFC 8725 §3.11) is none of access.
func (a *Authorizer) keysFor(ctx context.Context, t *jwt.Token) (any, error) {
	if _, there := t.Header["crit"]; there {
		return nil, refused("the token has a critical header that is not known")
	}
	if kind, there := t.Header["typ"]; there {
		name, _ := kind.(string)
		if name = strings.TrimPrefix(strings.ToLower(name), "application/"); name != "jwt" && name != "at+jwt" {
			return nil, refused("the token is of another kind")
		}
	}
	kid, _ := t.Header["kid"].(string)
	if kid == "" {
		return nil, refused("the token does not name its key")
	}
	return a.keys.find(ctx, kid, t.Method.Alg())
}

// isForUs reads aud, a text or a list of texts, or where there is none client_id, which
// Cognito's access tokens have in its place.
func (a *Authorizer) isForUs(claims jwt.MapClaims) bool {
	if _, there := claims["aud"]; there {
		given, err := claims.GetAudience()
		return err == nil && slices.ContainsFunc(given, func(aud string) bool { return slices.Contains(a.cfg.Audience, aud) })
	}
	client, _ := claims["client_id"].(string)
	return client != "" && slices.Contains(a.cfg.Audience, client)
}

// text is a claim as API Gateway hands it on: a list as [a b].
func text(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			var err error
			if items[i], err = text(item); err != nil {
				return "", err
			}
		}
		return "[" + strings.Join(items, " ") + "]", nil
	}
	raw, err := json.Marshal(v)
	return string(raw), err
}

// reason says in our words why a token is refused.
func reason(err error) error {
	var own *Refused
	var out *Unreachable
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &out):
		return out
	}
	for _, c := range []struct {
		is   error
		text string
	}{
		{jwt.ErrTokenMalformed, "the token is not a JSON Web Token"},
		{jwt.ErrTokenSignatureInvalid, "the token's signature is not right, or of a kind that is not taken"},
		{jwt.ErrTokenExpired, "the token has expired"},
		{jwt.ErrTokenNotValidYet, "the token is not valid yet"},
		{jwt.ErrTokenUsedBeforeIssued, "the token was issued in the future"},
		{jwt.ErrTokenInvalidIssuer, "the token is of another issuer"},
		{jwt.ErrTokenRequiredClaimMissing, "the token lacks a claim that it must have"},
	} {
		if errors.Is(err, c.is) {
			return refused(c.text)
		}
	}
	return refused("the token cannot be read")
}

// IssuerError says what is wrong with an issuer: with its address or its words, or, where
// Away is set, that it does not answer as an issuer does.
type IssuerError struct {
	Away bool
	err  error
}

func (e *IssuerError) Error() string { return e.err.Error() }
func (e *IssuerError) Unwrap() error { return e.err }

func bad(format string, args ...any) error { return &IssuerError{err: fmt.Errorf(format, args...)} }

func away(format string, args ...any) error {
	return &IssuerError{Away: true, err: fmt.Errorf(format, args...)}
}

// Unreachable says that the issuer's keys are too old to believe, and cannot be read anew.
type Unreachable struct{ err error }

func (e *Unreachable) Error() string {
	return fmt.Sprintf("the issuer's keys cannot be read: %v", e.err)
}
func (e *Unreachable) Unwrap() error { return e.err }
