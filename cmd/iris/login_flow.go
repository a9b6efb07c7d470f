package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// issuer is what an OpenID provider says of itself (OpenID Connect Discovery 1.0 §3).
type issuer struct {
	Issuer    string `json:"issuer"`
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
	Device    string `json:"device_authorization_endpoint"`
	Revoke    string `json:"revocation_endpoint"`
}

// granted is the answer of a token endpoint (RFC 6749 §5).
type granted struct {
	Token     string  `json:"access_token"`
	Type      string  `json:"token_type"`
	Refresh   string  `json:"refresh_token"`
	ExpiresIn float64 `json:"expires_in"` // seconds
	Error     string  `json:"error"`
	Why       string  `json:"error_description"`
}

// oauth is the client of an issuer. It follows no redirects: a code or a token goes to the
// address that the issuer named, and no further.
var oauth = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func loginFailed(format string, args ...any) error { return failure("login_failed", format, args...) }

// discover asks an issuer where its endpoints are.
func discover(ctx context.Context, address string) (i issuer, err error) {
	if !private(address) {
		return i, usage("bad_option: --issuer %s: want an address that begins with https://", shown(address))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(address, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return i, usage("bad_option: --issuer %s is no address", shown(address))
	}
	res, err := oauth.Do(req)
	if err != nil {
		return i, unreachable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&i) != nil {
		return i, loginFailed("the issuer does not say where its endpoints are (%s)", res.Status)
	}
	if strings.TrimSuffix(i.Issuer, "/") != strings.TrimSuffix(address, "/") {
		return i, loginFailed("the issuer at this address says that it is another one, %s", shown(i.Issuer))
	}
	for _, endpoint := range []string{i.Authorize, i.Token, i.Device, i.Revoke} {
		if endpoint != "" && !private(endpoint) {
			return i, loginFailed("the issuer names an endpoint without https, %s", shown(endpoint))
		}
	}
	if i.Token == "" {
		return i, loginFailed("the issuer has no token endpoint")
	}
	return i, nil
}

// post sends a form to a token endpoint. A refusal is in the answer's Error.
func post(ctx context.Context, address string, form url.Values, into any) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, loginFailed("the issuer's endpoint is no address")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	res, err := oauth.Do(req)
	if err != nil {
		return 0, unreachable(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return 0, unreachable(err)
	}
	if json.Unmarshal(text, into) != nil && res.StatusCode < http.StatusMultipleChoices && len(text) > 0 {
		return res.StatusCode, loginFailed("the issuer's answer cannot be read")
	}
	return res.StatusCode, nil
}

// refused is the error of a token endpoint's refusal, nil for a token.
func (g granted) refused(status int) error {
	switch {
	case g.Error != "":
		text := g.Error
		if g.Why != "" {
			text += ": " + g.Why
		}
		return loginFailed("the issuer refused: %s", shown(text))
	case status != http.StatusOK || g.Token == "":
		return loginFailed("the issuer gave no token (%d)", status)
	case !strings.EqualFold(g.Type, "bearer"):
		return loginFailed("the issuer gave a token of a kind that is not known here, %s", shown(g.Type))
	}
	return nil
}

func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// byBrowser is the authorization code flow with PKCE (RFC 7636) and a redirect to this
// machine (RFC 8252 §7.3). The redirect's host is localhost and its port is fixed, because
// Cognito compares the whole address with those it was told, and takes http for no other host.
func byBrowser(cmd *cobra.Command, i issuer, clientID, scope string, port int, open func(string) error) (g granted, err error) {
	ctx, stop := context.WithTimeout(cmd.Context(), 10*time.Minute)
	defer stop()
	if i.Authorize == "" {
		return g, loginFailed("the issuer has no page to log in at: try --device")
	}
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return g, loginFailed("port %d, to which the browser comes back, is taken: choose another that the issuer knows with --port", port)
	}
	host := net.JoinHostPort("localhost", strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	back, state, verifier := "http://"+host+"/callback", random(), random()
	sum := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {back}, "scope": {scope}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	page := i.Authorize + "?" + query.Encode()
	if strings.Contains(i.Authorize, "?") {
		page = i.Authorize + "&" + query.Encode()
	}
	answers := make(chan url.Values, 1)
	server := &http.Server{Handler: callback(host, state, answers), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() {
		over, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer done()
		_ = server.Shutdown(over)
	}()
	cmd.PrintErrf("Log in in the browser at\n%s\n", page)
	if open != nil && open(page) != nil {
		cmd.PrintErrln("No browser could be opened: open the address by hand, on this machine.")
	}
	var answer url.Values
	select {
	case <-ctx.Done():
		if cmd.Context().Err() != nil {
			return g, failure("interrupted", "the login was ended")
		}
		return g, loginFailed("nobody logged in within ten minutes")
	case answer = <-answers:
	}
	if from := answer.Get("iss"); from != "" && from != i.Issuer { // RFC 9207
		return g, loginFailed("the answer came from another issuer, %s", shown(from))
	}
	if answer.Get("code") == "" {
		return g, granted{Error: answer.Get("error"), Why: answer.Get("error_description")}.refused(http.StatusBadRequest)
	}
	status, err := post(ctx, i.Token, url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "code": {answer.Get("code")}, "redirect_uri": {back}, "code_verifier": {verifier},
	}, &g)
	if err != nil {
		return g, err
	}
	return g, g.refused(status)
}

// callback takes the one answer that carries the state. Others, which a page of anybody may
// send, change nothing.
func callback(host, state string, answers chan<- url.Values) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		query := r.URL.Query()
		if r.Method != http.MethodGet || r.Host != host || r.URL.Path != "/callback" || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(state)) != 1 {
			http.Error(w, "This is not the answer that iris waits for.", http.StatusBadRequest)
			return
		}
		select {
		case answers <- query:
			_, _ = io.WriteString(w, "iris has the answer. You may close this page.\n")
		default:
			http.Error(w, "iris has an answer already.", http.StatusConflict)
		}
	})
}

// byDevice is the device flow (RFC 8628), for a machine without a browser.
func byDevice(cmd *cobra.Command, i issuer, clientID, scope string, sleep func(context.Context, time.Duration) error) (g granted, err error) {
	ctx := cmd.Context()
	if i.Device == "" {
		return g, loginFailed("the issuer has no device flow (Cognito has none): log in by the browser, without --device")
	}
	var device struct {
		granted
		Device   string  `json:"device_code"`
		User     string  `json:"user_code"`
		URL      string  `json:"verification_uri"`
		Interval float64 `json:"interval"`
		Seconds  float64 `json:"expires_in"`
	}
	status, err := post(ctx, i.Device, url.Values{"client_id": {clientID}, "scope": {scope}}, &device)
	if err != nil {
		return g, err
	}
	if status != http.StatusOK || device.Device == "" || device.User == "" {
		return g, granted{Error: device.Error, Why: device.Why}.refused(status)
	}
	cmd.PrintErrf("Log in with the code %s at\n%s\n", shown(device.User), shown(device.URL))
	wait := 5 * time.Second
	if device.Interval >= 1 && device.Interval <= 60 {
		wait = time.Duration(device.Interval * float64(time.Second))
	}
	left := time.Duration(min(max(device.Seconds, 60), 3600) * float64(time.Second))
	for ; left > 0; left -= wait {
		if err := sleep(ctx, wait); err != nil {
			return g, failure("interrupted", "the login was ended")
		}
		g = granted{}
		status, err := post(ctx, i.Token, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {clientID}, "device_code": {device.Device}}, &g)
		switch {
		case err != nil && !gone(err):
			return g, err
		case err != nil, g.Error == "authorization_pending":
		case g.Error == "slow_down":
			wait += 5 * time.Second
		default:
			return g, g.refused(status)
		}
	}
	return g, loginFailed("nobody logged in before the code expired")
}

// lifetime is until when a token holds. Of one that does not say it, an hour is assumed.
func (g granted) lifetime(now time.Time) time.Time {
	seconds := g.ExpiresIn
	if !(seconds > 0 && seconds < 365*24*3600) {
		seconds = 3600
	}
	return now.Add(time.Duration(seconds) * time.Second)
}
