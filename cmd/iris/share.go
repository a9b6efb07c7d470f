package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// sharePrefix begins the token of a share, which opens the addresses of one job alone.
const sharePrefix = "iris_share_"

// pathFor is where a request goes: with the token of a share, to the addresses of shares.
func pathFor(token, path string) string {
	if rest, ok := strings.CutPrefix(path, "/v1/jobs/"); ok && strings.HasPrefix(token, sharePrefix) {
		return "/v1/shared/" + rest
	}
	return path
}

// shareView is a share as the API shows it; Token is there when it was just made.
type shareView struct {
	ID        string    `json:"id"`
	Artifacts []string  `json:"artifacts"`
	ExpiresAt time.Time `json:"expires_at"`
	Token     string    `json:"token"`
}

func shareCommand() *cobra.Command {
	var life, revoke string
	var artifacts []string
	var list bool
	c := jobCommand("share ID", "Let whoever has a token read one job and some of its artifacts, for a while", func(cmd *cobra.Command, api *client, id string, asJSON bool) error {
		path := "/v1/jobs/" + url.PathEscape(id) + "/share"
		chosen := cmd.Flags().Changed("for") || cmd.Flags().Changed("artifact")
		taken := cmd.Flags().Changed("revoke")
		if taken && list || chosen && (taken || list) {
			return usage("usage: --list, --revoke, and --for with --artifact are three different things: want one of them")
		}
		switch {
		case list:
			return api.listShares(cmd, path, asJSON)
		case taken:
			if revoke != everyShare {
				path += "?id=" + url.QueryEscape(revoke)
			}
			_, err := api.do(cmd.Context(), http.MethodDelete, path, nil, nil)
			return err
		}
		seconds, err := lifeOf(life)
		if err != nil {
			return err
		}
		body := map[string]any{"expires_in": seconds}
		if len(artifacts) > 0 {
			body["artifacts"] = artifacts
		}
		var made shareView
		raw, err := api.do(cmd.Context(), http.MethodPost, path, body, &made)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		if asJSON {
			_, err := out.Write(raw)
			return err
		}
		fmt.Fprintln(out, made.Token)
		newBar(cmd, "").say(fmt.Sprintf("holds until %s, for %s; whoever has it reads: IRIS_API=%s IRIS_TOKEN=%s iris get %s; taken back by: iris share %s --revoke=%s",
			made.ExpiresAt.Local().Format("2006-01-02 15:04"), strings.Join(made.Artifacts, " "), api.base, made.Token, id, id, made.ID))
		return nil
	})
	c.Long = "Share prints a token with which anybody who has it reads one job and the artifacts that you choose, until its\n" +
		"time is over or you take it back; by default the models, their picture and the measurements, for 7 days.\n" +
		"The token is printed this once. Its holder sets IRIS_TOKEN to it, and reads with iris status and iris get.\n\n" +
		"    iris share ID --for 24h --artifact model.glb\n    iris share ID --list\n    iris share ID --revoke        takes all of them back\n    iris share ID --revoke=SHARE  takes back one that --list shows"
	f := c.Flags()
	f.StringVar(&life, "for", "7d", "how long it holds: minutes, hours, days or weeks (90m, 24h, 7d, 2w), 30d at most")
	f.StringSliceVar(&artifacts, "artifact", nil, "an artifact that may be read; may be repeated")
	f.BoolVar(&list, "list", false, "list the shares that hold")
	f.StringVar(&revoke, "revoke", "", "take back all shares, or with =SHARE one")
	f.Lookup("revoke").NoOptDefVal = everyShare
	return c
}

// everyShare is the value of --revoke that names no share.
const everyShare = "all"

// lifeOf is a time as people say it, in seconds.
func lifeOf(text string) (int64, error) {
	units := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if last := len(text) - 1; last > 0 && units[text[last]] != 0 {
		const most = 1 << 20 // what is longer than this many minutes is refused by the service
		if n, err := strconv.ParseUint(text[:last], 10, 32); err == nil && n <= most {
			return int64(n) * int64(units[text[last]]/time.Second), nil
		}
	}
	return 0, usage("usage: --for %s: want a number of minutes, hours, days or weeks: 90m, 24h, 7d, 2w", text)
}

func (c *client) listShares(cmd *cobra.Command, path string, asJSON bool) error {
	var all struct {
		Shares []shareView `json:"shares"`
	}
	raw, err := c.do(cmd.Context(), http.MethodGet, path, nil, &all)
	if err != nil {
		return err
	}
	if asJSON {
		_, err := cmd.OutOrStdout().Write(raw)
		return err
	}
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, s := range all.Shares {
		fmt.Fprintf(t, "%s\tuntil %s\t%s\n", s.ID, s.ExpiresAt.Local().Format("2006-01-02 15:04"), strings.Join(s.Artifacts, " "))
	}
	if len(all.Shares) == 0 {
		newBar(cmd, "").say("no shares")
	}
	return t.Flush()
}
