package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/cost"
)

// costCommand says what a deployment on AWS would cost. It asks nobody: it is
// arithmetic on the flags.
func costCommand() *cobra.Command {
	var instance string
	var price float64
	var segment time.Duration
	var asJSON bool
	u := cost.Use{Together: 1}
	c := &cobra.Command{
		Use: "cost", Short: "Estimate what a job, a month and an idle month cost on AWS", Args: cobra.NoArgs,
		Long: "Cost estimates what a deployment on AWS costs with the times and numbers of its flags. It asks nobody, and it is an\n" +
			"estimate: prices are those of " + cost.Region + " in " + cost.PricedAt + " (" + cost.Source + "), without taxes, free tiers\n" +
			"and traffic out of AWS, and the time of a segmentation is a guess unless --segment says what was measured.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			i, known := cost.Find(instance)
			set := cmd.Flags().Changed
			if !known && !(set("price") && set("segment")) {
				return usage("bad_option: --instance %q is not priced here: want one of %s, or say its --price and --segment", instance, strings.Join(priced(), ", "))
			}
			u.USDPerHour, u.Segment = i.USDPerHour, i.Segment
			if set("price") {
				u.USDPerHour = price
			}
			if set("segment") {
				u.Segment = segment
			}
			if err := u.Check(); err != nil {
				return usage("bad_option: --%w", err)
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
					Instance string  `json:"instance"`
					Price    float64 `json:"usd_per_hour"`
					PricedAt string  `json:"priced_at"`
					Region   string  `json:"region"`
					Source   string  `json:"source"`
					IsGuess  bool    `json:"estimate"`
					cost.Estimate
				}{instance, u.USDPerHour, cost.PricedAt, cost.Region, cost.Source, true, cost.Of(u)})
			}
			return showCost(cmd.OutOrStdout(), instance, u)
		},
	}
	f := c.Flags()
	f.StringVar(&instance, "instance", cost.Instances[0].Type, "kind of the GPU instance: "+strings.Join(priced(), ", "))
	f.Float64Var(&price, "price", cost.Instances[0].USDPerHour, "USD per hour of the instance, if it is another than the list's")
	f.DurationVar(&segment, "segment", cost.Instances[0].Segment, "time of one scan on the GPU, if it was measured")
	f.IntVar(&u.Jobs, "jobs", 100, "scans in a month")
	f.IntVar(&u.Together, "together", 1, "scans that come at once and share a warm-up")
	f.DurationVar(&u.WarmUp, "warm-up", 6*time.Minute, "how long an instance is paid before its first scan (WarmUpSeconds)")
	f.DurationVar(&u.Linger, "linger", 2*time.Minute, "how long it stays up after the last one (LingerSeconds)")
	f.DurationVar(&u.Intent, "warm-on-intent", 10*time.Minute, "how long it stays up for an upload that was announced (WarmOnIntentSeconds)")
	f.Float64Var(&u.ImageGB, "image-gb", 8, "size of the model's image in ECR")
	f.Float64Var(&u.JobMB, "job-mb", 235, "what a job stores: upload, prepared volume and results")
	f.Float64Var(&u.StageMB, "stage-memory", 3008, "memory of prepare, glimpse and mesh in MB (StageMemory)")
	f.BoolVar(&asJSON, "json", false, "print the estimate as JSON")
	return c
}

// priced are the kinds of instances of the list.
func priced() (names []string) {
	for _, i := range cost.Instances {
		names = append(names, i.Type)
	}
	return names
}

func showCost(out io.Writer, instance string, u cost.Use) error {
	e := cost.Of(u)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(what string, usd float64, how string) { fmt.Fprintf(t, "%s\t%.4f USD\t%s\n", what, usd, how) }
	fmt.Fprintf(t, "an estimate\t\t%s at %.4f USD an hour, %s, %s: %s\n", instance, u.USDPerHour, cost.Region, cost.PricedAt, cost.Source)
	row("a scan by itself", e.Alone, fmt.Sprintf("GPU %.4f for %s warm-up, %s segmentation, %s linger; functions %.4f, and %.4f for a first look at a CT; storage for 90 days %.4f", e.GPUAlone, u.WarmUp, u.Segment, u.Linger, e.Functions, e.Glimpse, e.Storage))
	if u.Together > 1 {
		row(fmt.Sprintf("each of %d at once", u.Together), e.Each, "they share a warm-up and a linger")
	}
	row("a label map", e.Labels, "no GPU")
	row("a month without a scan", e.Idle, fmt.Sprintf("the image in ECR, %g GB, and the janitor", u.ImageGB))
	row(fmt.Sprintf("a month of %d scans", u.Jobs), e.Month, "at random moments")
	if u.Intent > 0 {
		row("an upload that dies", e.DeadUpload, fmt.Sprintf("at most: the GPU was woken for it, stays up %s and is found within 5m; a scan by itself is ready up to %.0f s sooner for that", u.Intent, e.Saved))
	}
	row("a GPU that never sleeps", e.AlwaysOn, "a month, to compare")
	return t.Flush()
}
