package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// leastDisk is what one scan of the usual size needs on its way through the stack; below
// shortDisk even the small files of the services cannot be written.
const (
	leastDisk = 5 << 30
	shortDisk = 200 << 20
)

// maxSkew is half of what S3 and API Gateway allow a signature's time to be off.
const maxSkew = 7 * time.Minute

// disk says whether there is room where a folder lies.
func disk(folder, what string) finding {
	free, err := freeBytes(folder)
	room := fmt.Sprintf("%.1f GB are free for %s", float64(free)/1e9, what)
	switch {
	case err != nil:
		return finding{"disk", note, "the room for " + what + " cannot be seen", ""}
	case free < shortDisk:
		return finding{"disk", missing, room, "make room on that disk: iris rm ID erases a job with its files"}
	case free < leastDisk:
		return finding{"disk", note, room + ": a large scan needs 5 GB", "make room on that disk: iris rm ID erases a job with its files"}
	}
	return finding{"disk", good, room, ""}
}

// theService looks at the API that the commands of a client talk to.
func theService(cmd *cobra.Command) []finding {
	all := proxies(os.Getenv)
	api, err := newClient(cmd)
	if err != nil {
		return append(all, finding{"api", note, "no service is named, and no stack runs here", "iris up, or " + export("IRIS_API", "https://…")})
	}
	address, err := url.Parse(api.base)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		return append(all, finding{"api", missing, "IRIS_API is no address", export("IRIS_API", "https://…")})
	}
	if api.token != "" {
		all = append(all, token(api.token, time.Now()))
	}
	all = append(all, inTheClear(api)...)
	ctx, cancel := context.WithTimeout(cmd.Context(), 15*time.Second)
	defer cancel()
	began := time.Now()
	date, err := serverTime(ctx, api)
	if err != nil {
		cure := "iris up, or " + export("IRIS_API", "https://…")
		if os.Getenv("IRIS_API") != "" && isLoopback(address.Hostname()) {
			cure = "iris up, or " + unset("IRIS_API") + " where another stack is meant"
		}
		return append(all, finding{"api", missing, fmt.Sprintf("the API at %s://%s does not answer: %v", address.Scheme, address.Host, err), cure})
	}
	took := time.Since(began)
	all = append(all, finding{"api", good, fmt.Sprintf("the API at %s://%s answers in %d ms", address.Scheme, address.Host, took.Milliseconds()), ""})
	if !date.IsZero() {
		all = append(all, clock(date, began, took))
	}
	return append(all, access(ctx, api))
}

// serverTime asks the API whether it is there, and what time it has.
func serverTime(ctx context.Context, api *client) (time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, api.base+"/healthz", nil)
	if err != nil {
		return time.Time{}, errors.New("its address cannot be used")
	}
	res, err := api.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return time.Time{}, err
	}
	defer res.Body.Close()
	date, _ := http.ParseTime(res.Header.Get("Date"))
	if res.StatusCode >= http.StatusInternalServerError {
		return date, errors.New(res.Status)
	}
	return date, nil
}

// clock compares this machine's time with the API's, which is in whole seconds.
func clock(date, began time.Time, took time.Duration) finding {
	skew := began.Add(took / 2).Sub(date)
	if skew.Abs() <= took/2+time.Second {
		return finding{"clock", good, "this machine's clock agrees with the API's", ""}
	}
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	what := fmt.Sprintf("this machine's clock is %s %s the API's", skew.Abs().Round(time.Second), direction)
	switch {
	case skew.Abs() > maxSkew:
		return finding{"clock", missing, what + ": signatures and links are refused", setClock}
	case skew.Abs() > time.Minute:
		return finding{"clock", note, what, setClock}
	}
	return finding{"clock", good, what, ""}
}

// inTheClear says that a token goes to another machine without https.
func inTheClear(api *client) []finding {
	if api.token == "" || private(api.base) {
		return nil
	}
	return []finding{{"https", note, "the token is sent to another machine without https: whoever is on the way can take it, and read what it reads", export("IRIS_API", "https://…")}}
}

// access asks for one job, as every command would. The holder of a share may not list.
func access(ctx context.Context, api *client) finding {
	if strings.HasPrefix(api.token, sharePrefix) {
		return finding{"access", note, "the token is that of a share: it reads the one job that was shared, by iris status and iris get, and nothing else", "iris login, or " + export("IRIS_TOKEN", "…") + " with a token of one's own, for other jobs"}
	}
	_, status, err := api.once(ctx, http.MethodGet, "/v1/jobs?limit=1", "", nil)
	switch {
	case err == nil:
		return finding{"access", good, "the API gives this user its jobs", ""}
	case status == http.StatusUnauthorized && api.token == "":
		return finding{"access", missing, "the API asks for a token, and none is named", export("IRIS_TOKEN", "…") + " (for iris up: the text of STATE/token), or set AWS credentials: aws configure"}
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return finding{"access", missing, "the API refuses the token or the credentials: " + err.Error(), "iris login, or " + export("IRIS_TOKEN", "…") + " with a new token"}
	}
	return finding{"access", missing, "the API does not list jobs: " + err.Error(), "read the message; docs/errors.md has its code"}
}

// token says when a JSON web token ends. The signature is the API's business.
func token(text string, now time.Time) finding {
	parts := strings.Split(text, ".")
	var claims struct {
		Expires float64 `json:"exp"`
		After   float64 `json:"nbf"`
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[min(1, len(parts)-1)], "="))
	if len(parts) != 3 || err != nil || json.Unmarshal(body, &claims) != nil || claims.Expires == 0 {
		return finding{"token", good, "a token is named, without a time of its own", ""}
	}
	ends := time.Unix(int64(claims.Expires), 0)
	when := ends.Local().Format("2006-01-02 15:04")
	switch left := ends.Sub(now); {
	case left <= 0:
		return finding{"token", missing, "the token ended at " + when, "iris login, or " + export("IRIS_TOKEN", "…") + " with a new token"}
	case claims.After > 0 && time.Unix(int64(claims.After), 0).After(now.Add(time.Minute)):
		return finding{"token", missing, "the token is valid from later on only: is this machine's clock behind?", setClock}
	case left < 10*time.Minute:
		return finding{"token", note, "the token ends at " + when, "ask for a new token before a long job"}
	}
	return finding{"token", good, "the token is valid until " + when, ""}
}

// proxies says where a proxy would be asked for this machine's own addresses. Go's own
// client never does that; curl, boto3 and the AWS CLI do.
func proxies(variable func(string) string) []finding {
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"} {
		if variable(name) == "" {
			continue
		}
		for _, except := range strings.Split(variable("no_proxy")+","+variable("NO_PROXY"), ",") {
			except = strings.TrimSpace(except)
			if except == "*" || except == "127.0.0.1" {
				return []finding{{"proxy", good, name + " leaves 127.0.0.1 alone", ""}}
			}
			if _, block, err := net.ParseCIDR(except); err == nil && block.Contains(net.IPv4(127, 0, 0, 1)) {
				return []finding{{"proxy", note, name + " leaves " + except + " alone, which curl understands since 7.86 and boto3 not", export("NO_PROXY", "127.0.0.1,localhost")}}
			}
		}
		return []finding{{"proxy", note, name + " sends curl, boto3 and the AWS CLI through a proxy also to 127.0.0.1 (iris itself is not sent)", export("NO_PROXY", "127.0.0.1,localhost")}}
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
