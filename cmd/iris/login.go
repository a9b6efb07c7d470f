package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// login gives the token of a profile, and a new one before it expires: a cohort may be
// watched for days.
type login struct {
	name string

	mu      sync.Mutex
	profile profile
}

// earlier is how long before its end a token is replaced.
const earlier = time.Minute

// token is a token that holds for a while. Refused is one that the service did not take,
// although it should still hold.
func (l *login) token(ctx context.Context, refused string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.good(refused) {
		return l.profile.Token, nil
	}
	// Another process of this user may have a newer one. Issuers that give a new refresh
	// token with each use take the old one no more.
	if p, err := readProfile(l.name); err == nil && p.API == l.profile.API {
		if l.profile = p; l.good(refused) {
			return p.Token, nil
		}
	}
	return l.renew(ctx, refused)
}

func (l *login) good(refused string) bool {
	return l.profile.Token != refused && time.Until(l.profile.Expires) > earlier
}

func (l *login) renew(ctx context.Context, refused string) (string, error) {
	expired := failure("login_expired", "the login of profile %s has expired", l.name)
	if l.profile.Refresh == "" || !private(l.profile.TokenURL) {
		return "", expired
	}
	var g granted
	status, err := post(ctx, l.profile.TokenURL, url.Values{"grant_type": {"refresh_token"}, "client_id": {l.profile.ClientID}, "refresh_token": {l.profile.Refresh}}, &g)
	if err != nil {
		return "", &transient{error: err}
	}
	if mayPass(status) {
		return "", &transient{error: g.refused(status)}
	}
	if g.refused(status) != nil {
		if p, err := readProfile(l.name); err == nil && p.API == l.profile.API && p.Refresh != l.profile.Refresh {
			if l.profile = p; l.good(refused) { // another process was faster
				return p.Token, nil
			}
		}
		return "", expired
	}
	l.profile.Token, l.profile.Expires = g.Token, g.lifetime(time.Now())
	l.profile.Refresh = cmp.Or(g.Refresh, l.profile.Refresh)
	return g.Token, writeProfile(l.name, l.profile)
}

// loginFlags are the flags of iris login.
type loginFlags struct {
	profile, api, issuer, clientID, scope string
	port                                  int
	device, noBrowser                     bool
}

func loginCommand() *cobra.Command {
	var f loginFlags
	c := &cobra.Command{
		Use: "login", Short: "Log in to a service elsewhere", Args: cobra.NoArgs,
		Long: "Login asks an OpenID issuer, such as a Cognito user pool, for a token of a service elsewhere, by the browser (PKCE) or, where\n" +
			"the issuer can, by a code that is typed in on another device. What it gets is kept for its owner only in a profile,\n" +
			"and renewed while commands run. Commands use it with --profile, with --api, or with IRIS_PROFILE.\n\n" +
			"The issuer must know http://localhost:8976/callback (or the port of --port) as an address to come back to.\n" +
			"A service that takes signed requests (AWS_IAM) needs no login: set --api and AWS credentials.",
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	c.Flags().StringVar(&f.profile, "profile", defaultProfile, "the profile's name")
	c.Flags().StringVar(&f.api, "api", "", "address of the service; once per profile")
	c.Flags().StringVar(&f.issuer, "issuer", "", "address of the issuer, as https://cognito-idp.REGION.amazonaws.com/POOL; once per profile")
	c.Flags().StringVar(&f.clientID, "client-id", "", "id of the client that the issuer knows this program as; once per profile")
	c.Flags().StringVar(&f.scope, "scope", "", "what is asked for (default openid; many issuers want offline_access too, Cognito does not)")
	c.Flags().IntVar(&f.port, "port", 8976, "port of this machine to which the browser comes back; 0 takes a free one")
	c.Flags().BoolVar(&f.device, "device", false, "log in by a code on another device")
	c.Flags().BoolVar(&f.noBrowser, "no-browser", false, "print the address, and open no browser")
	return c
}

func (f *loginFlags) run(cmd *cobra.Command) error {
	p, err := readProfile(f.profile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && exitCode(err) == exitUsage {
		return err
	}
	p = profile{API: strings.TrimSuffix(cmp.Or(f.api, p.API), "/"), Issuer: cmp.Or(f.issuer, p.Issuer), ClientID: cmp.Or(f.clientID, p.ClientID), Scope: cmp.Or(f.scope, p.Scope, "openid")}
	for _, need := range [][2]string{{"--api", p.API}, {"--issuer", p.Issuer}, {"--client-id", p.ClientID}} {
		if need[1] == "" {
			return usage("usage: %s is missing: the profile %s does not have it yet", need[0], f.profile)
		}
	}
	if err := checkAPI(p.API); err != nil {
		return err
	}
	if !private(p.API) {
		return usage("bad_option: --api %s: a token is sent by https only", p.API)
	}
	i, err := discover(cmd.Context(), p.Issuer)
	if err != nil {
		return err
	}
	var g granted
	if f.device {
		g, err = byDevice(cmd, i, p.ClientID, p.Scope, (&client{}).sleep)
	} else {
		open := openBrowser
		if f.noBrowser || !isTerminal(os.Stderr) {
			open = nil
		}
		g, err = byBrowser(cmd, i, p.ClientID, p.Scope, f.port, open)
	}
	if err != nil {
		return err
	}
	p.Token, p.Refresh, p.Expires = g.Token, g.Refresh, g.lifetime(time.Now())
	p.TokenURL, p.RevokeURL, p.LoggedInAt = i.Token, i.Revoke, time.Now().UTC().Truncate(time.Second)
	if err := writeProfile(f.profile, p); err != nil {
		return err
	}
	c := &client{base: p.API, http: &http.Client{Timeout: time.Minute}, login: &login{name: f.profile, profile: p}}
	if _, err := c.do(cmd.Context(), http.MethodGet, "/v1/jobs?limit=1", nil, nil); err != nil {
		return fmt.Errorf("%w (the issuer gave a token, and the service at %s does not take it)", err, p.API)
	}
	if p.Refresh == "" {
		cmd.PrintErrln("The issuer gave nothing to renew the login with: it ends at " + p.Expires.Local().Format("15:04") + " (try --scope \"openid offline_access\").")
	}
	fmt.Fprintf(cmd.OutOrStdout(), "logged in to %s as profile %s\n", p.API, f.profile)
	return nil
}

func openBrowser(page string) error {
	switch runtime.GOOS {
	case "darwin":
		return exec.Command("open", page).Run()
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", page).Run()
	}
	return exec.Command("xdg-open", page).Run()
}

func logoutCommand() *cobra.Command {
	var name string
	c := &cobra.Command{
		Use: "logout", Short: "Forget a login, and tell its issuer", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := readProfile(name)
			if errors.Is(err, fs.ErrNotExist) {
				return usage("bad_profile: there is no profile %s", name)
			}
			path, at := profilePath(name)
			if at != nil {
				return at
			}
			if at := os.Remove(path); at != nil {
				return coded("forget the login", at)
			}
			if err != nil || p.Refresh == "" {
				return nil
			}
			if p.RevokeURL == "" || !private(p.RevokeURL) {
				cmd.PrintErrln("The login is forgotten here. Its issuer takes no word of it: the token ends by itself.")
				return nil
			}
			status, err := post(cmd.Context(), p.RevokeURL, url.Values{"token": {p.Refresh}, "token_type_hint": {"refresh_token"}, "client_id": {p.ClientID}}, &struct{}{})
			if err != nil || status != http.StatusOK {
				return loginFailed("the login is forgotten here, but its issuer could not be told (%d): it ends by itself", status)
			}
			return nil
		},
	}
	c.Flags().StringVar(&name, "profile", defaultProfile, "the profile's name")
	return c
}
