package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// tallyView counts objects, as the API does.
type tallyView struct{ Objects, Versions, Markers, Uploads, Bytes int64 }

func (t tallyView) String() string {
	s := counted(int(t.Objects), "object")
	if t.Versions > 0 {
		s += ", " + counted(int(t.Versions), "earlier version")
	}
	if t.Markers > 0 {
		s += ", " + counted(int(t.Markers), "mark") + " of deletions"
	}
	if t.Uploads > 0 {
		s += ", " + counted(int(t.Uploads), "upload") + " that are not complete"
	}
	return fmt.Sprintf("%s, %d bytes", s, t.Bytes)
}

// receiptView is what the API says is stored of a job.
type receiptView struct {
	Job       string     `json:"job"`
	Status    string     `json:"status"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
	Where     struct{ Place, Region, Folder string }
	Objects   []struct {
		Bucket, Name string
		Bytes        int64
		Since, Until time.Time
		Old          bool `json:"earlier_version"`
	}
	Total  tallyView
	Kept   int `json:"kept_for_other_jobs"`
	Record *struct {
		BackupsDays int `json:"backups_days"`
	}
	Readers []struct {
		Who, Share string
		Until      *time.Time
	}
	Left []struct {
		To, What string
		At       time.Time
	} `json:"left_storage"`
	Erasure *struct {
		At                     time.Time
		By                     string
		Found, Late, Remaining tallyView
		LookedAt               *time.Time `json:"looked_at"`
		Kept                   int        `json:"kept_for_other_jobs"`
		Final                  bool
		Until                  time.Time `json:"proof_until"`
	}
}

func receiptCommand() *cobra.Command {
	return jobCommand("receipt ID", "Show what is stored of a job, where and until when, or the proof that it was erased", func(cmd *cobra.Command, api *client, id string, asJSON bool) error {
		var v receiptView
		raw, err := api.do(cmd.Context(), http.MethodGet, "/v1/jobs/"+url.PathEscape(id)+"/receipt", nil, &v)
		if err != nil {
			return err
		}
		if asJSON {
			_, err := cmd.OutOrStdout().Write(raw)
			return err
		}
		return v.show(cmd.OutOrStdout())
	})
}

func day(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

func (v receiptView) show(out io.Writer) error {
	place := "AWS, region " + v.Where.Region
	if v.Where.Place == "machine" {
		place = "this machine, " + v.Where.Folder
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	line("job", "%s, made %s", v.Job, day(v.CreatedAt))
	line("where", "%s", place)
	if e := v.Erasure; e != nil {
		line("erased", "%s, by %s", day(e.At), e.By)
		line("before", "%s", e.Found)
		if e.Late != (tallyView{}) {
			line("came late", "%s, deleted", e.Late)
		}
		switch {
		case e.LookedAt == nil:
			line("now", "the deletion has not come to its end: ask again in a few minutes")
		case e.Final:
			line("now", "%s; last looked %s, when nothing could write any more", e.Remaining, day(*e.LookedAt))
		default:
			line("now", "%s; last looked %s, and again within the hour", e.Remaining, day(*e.LookedAt))
		}
		kept(line, e.Kept)
		line("proof until", "%s", day(e.Until))
		return t.Flush()
	}
	line("stored", "%s", v.Total)
	if v.ExpiresAt != nil {
		line("until", "%s at the latest", day(*v.ExpiresAt))
	}
	kept(line, v.Kept)
	if v.Record != nil && v.Record.BackupsDays > 0 {
		line("backups", "the record can be restored for %d days more", v.Record.BackupsDays)
	}
	var readers []string
	for _, r := range v.Readers {
		who := r.Who
		if r.Share != "" && r.Until != nil {
			who = fmt.Sprintf("whoever has the link of share %s (until %s)", r.Share, day(*r.Until))
		}
		if r.Who == "drops" {
			who = "whoever may drop into the bucket"
		}
		readers = append(readers, who)
	}
	line("readers", "%s", strings.Join(readers, ", "))
	for _, l := range v.Left {
		line("left", "%s, to the %s, %s", l.What, l.To, day(l.At))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	t = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, o := range v.Objects {
		old := ""
		if o.Old {
			old = "earlier version"
		}
		fmt.Fprintf(t, "  %s\t%s\t%d bytes\tsince %s\t%s\n", o.Bucket, o.Name, o.Bytes, day(o.Since), old)
	}
	return t.Flush()
}

func kept(line func(name, format string, args ...any), n int) {
	if n > 0 {
		line("kept", "%s that another job was made of as well", counted(n, "uploaded object"))
	}
}
