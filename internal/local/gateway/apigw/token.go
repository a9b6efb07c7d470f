package apigw

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/iris-oculus/iris/internal/local/template"
)

// tokenCookie keeps the token in a browser that was opened with ?token=.
const tokenCookie = "iris_token"

// admit asks for the token, where there is one and the route is not open: as bearer
// token, as cookie, or once in the query, which sets the cookie.
func (a *Adapter) admit(w http.ResponseWriter, r *http.Request, route template.Route) bool {
	if a.cfg.Token == "" || route.Authorization == template.AuthorizationNone {
		return true
	}
	if given := r.URL.Query().Get("token"); a.right(given) {
		http.SetCookie(w, &http.Cookie{Name: tokenCookie, Value: given, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
		return false
	}
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if a.right(bearer) {
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
