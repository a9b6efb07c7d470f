package apigw

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway/jwt"
	"github.com/iris-oculus/iris/internal/local/template"
)

// tokenCookie keeps the token in a browser that was opened with ?token=.
const tokenCookie = "iris_token"

// admit asks for what a route asks for, and says who calls: nil where it asks for nothing.
func (a *Adapter) admit(w http.ResponseWriter, r *http.Request, route template.Route) (who *caller, ok bool) {
	switch route.Authorization {
	case template.AuthorizationNone:
		return nil, true
	case template.AuthorizationJWT:
		return a.authorize(w, r)
	case template.AuthorizationIAM:
		return ofIAM(), a.cfg.Token == "" || a.holdsToken(w, r)
	}
	fail(w, http.StatusForbidden, "Forbidden")
	return nil, false
}

// authorize asks for a JSON Web Token. A refusal has API Gateway's form (RFC 6750 §3).
func (a *Adapter) authorize(w http.ResponseWriter, r *http.Request) (*caller, bool) {
	token := ""
	if given := r.Header.Values("Authorization"); len(given) == 1 { // two would be one's own choice
		token = bearer(given[0])
	}
	claims, err := a.cfg.Tokens.Claims(r.Context(), token)
	if err == nil {
		return ofToken(claims), true
	}
	var refused *jwt.Refused
	switch {
	case r.Context().Err() != nil: // the client is gone
	case !errors.As(err, &refused):
		a.cfg.Logger.Error("tokens cannot be checked", "error", err)
		fail(w, http.StatusServiceUnavailable, "Service Unavailable")
	case token == "":
		w.Header().Set("WWW-Authenticate", "Bearer")
		fail(w, http.StatusUnauthorized, "Unauthorized")
	default:
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer error="invalid_token", error_description=%q`, refused.Reason))
		fail(w, http.StatusUnauthorized, "Unauthorized")
	}
	return nil, false
}

// bearer is the token of an Authorization header. The scheme's letters may be of either
// case (RFC 9110 §11.1).
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(token, " ")
}

// holdsToken asks for the token of this stack: as bearer token, as cookie, or once in the
// query, which sets the cookie.
func (a *Adapter) holdsToken(w http.ResponseWriter, r *http.Request) bool {
	if given := r.URL.Query().Get("token"); a.right(given) {
		http.SetCookie(w, &http.Cookie{Name: tokenCookie, Value: given, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
		return false
	}
	if a.right(bearer(r.Header.Get("Authorization"))) {
		return true
	}
	if c, err := r.Cookie(tokenCookie); err == nil && a.right(c.Value) {
		return true
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	fail(w, http.StatusUnauthorized, "Unauthorized")
	return false
}

func (a *Adapter) right(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(a.cfg.Token)) == 1
}

// expired says whether the token of a caller is over; a caller without one has no end.
func expired(who *caller, now time.Time) bool {
	if who == nil || who.JWT == nil {
		return false
	}
	seconds, err := strconv.ParseFloat(who.JWT.Claims["exp"], 64)
	return err != nil || float64(now.Add(-jwt.Skew).Unix()) >= seconds
}
