package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/local/durable"
)

// profile is a service elsewhere and who one is there. It is a file in the user's
// configuration folder that nobody else may read.
type profile struct {
	API      string `json:"api"`
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	Scope    string `json:"scope"`

	Token      string    `json:"token"`
	Refresh    string    `json:"refresh,omitempty"`
	Expires    time.Time `json:"expires"`
	TokenURL   string    `json:"token_endpoint"`
	RevokeURL  string    `json:"revocation_endpoint,omitempty"`
	LoggedInAt time.Time `json:"logged_in_at"`
}

const defaultProfile = "default"

var profileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func profilesFolder() (string, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", failure("io_error", "this system has no folder for configuration: %w", err)
	}
	return filepath.Join(folder, "iris", "profiles"), nil
}

func profilePath(name string) (string, error) {
	if !profileName.MatchString(name) {
		return "", usage("bad_profile: %s: want letters, digits, dots, dashes and underscores", shown(name))
	}
	folder, err := profilesFolder()
	return filepath.Join(folder, name+".json"), err
}

// readProfile reads a profile. Without one of that name the error is fs.ErrNotExist.
func readProfile(name string) (p profile, err error) {
	path, err := profilePath(name)
	if err != nil {
		return p, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return p, withoutPath("read the profile", err)
	}
	if err := json.Unmarshal(text, &p); err != nil || p.API == "" {
		return p, failure("bad_profile", "the profile %s is damaged: `iris login --profile %s` makes it anew", name, name)
	}
	return p, nil
}

func writeProfile(name string, p profile) error {
	path, err := profilePath(name)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return fmt.Errorf("write the profile: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return coded("write the profile", err)
	}
	return coded("write the profile", durable.WriteFile(path, append(text, '\n')))
}

// profileOf is the name of the profile of a service, empty for none.
func profileOf(api string) string {
	folder, err := profilesFolder()
	if err != nil {
		return ""
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*.json"))
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		if p, err := readProfile(name); err == nil && p.API == api {
			return name
		}
	}
	return ""
}

// serviceFlags say which service a command talks to.
func serviceFlags(c *cobra.Command, state *string) {
	stateFlag(c, state)
	c.Flags().String("api", "", "address of a service elsewhere, as https://api.example.org (default: IRIS_API, else the stack on this machine)")
	c.Flags().String("profile", "", "who one is there: the `name` under which 'iris login' has kept it (default: IRIS_PROFILE, else that of --api)")
}

// flagText is a flag's value; empty where the command has no such flag.
func flagText(cmd *cobra.Command, name string) string {
	if f := cmd.Flags().Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

// elsewhereOf finds the service that --api, --profile or the environment name. Found is
// false where nothing names one: a profile that is only there does not count, because a
// scan would leave this machine for no other reason than that its stack is down.
func elsewhereOf(cmd *cobra.Command, c *client) (found bool, err error) {
	api, name := strings.TrimSuffix(flagText(cmd, "api"), "/"), flagText(cmd, "profile")
	fromFlag := api != ""
	if name == "" && !fromFlag {
		name = os.Getenv("IRIS_PROFILE")
	}
	if api == "" && name == "" {
		return false, nil
	}
	if api != "" {
		if err := checkAPI(api); err != nil {
			return false, err
		}
	}
	if name == "" {
		if name = profileOf(api); name == "" { // a token of the environment, or SigV4
			c.base, c.token = api, os.Getenv("IRIS_TOKEN")
			return true, nil
		}
	}
	p, err := readProfile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, usage("bad_profile: there is no profile %s: `iris login --profile %s --api URL` makes it", name, name)
	case err != nil:
		return false, err
	case !fromFlag && flagText(cmd, "profile") == "" && os.Getenv("IRIS_API") != "" && strings.TrimSuffix(os.Getenv("IRIS_API"), "/") != p.API:
		return false, usage("bad_profile: IRIS_PROFILE is of %s, and IRIS_API names another service: unset one of them", p.API)
	case fromFlag && p.API != api:
		return false, usage("bad_profile: the profile %s is of %s, and --api names %s: its token is not sent there", name, p.API, api)
	}
	c.base, c.token, c.login = p.API, "", &login{name: name, profile: p}
	return true, nil
}

// checkAPI refuses an address to which a token would be sent in the clear.
func checkAPI(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return usage("bad_option: --api %s: want an address as https://api.example.org", shown(address))
	}
	return nil
}

// private says whether what is sent to an address cannot be read on the way.
func private(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
