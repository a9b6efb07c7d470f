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
	var asJSON, prices, sensitivity bool
	base := cost.Base()
	u := base
	c := &cobra.Command{
		Use: "cost", Short: "Estimate what a job, a month and an idle month cost on AWS", Args: cobra.NoArgs,
		Long: "Cost estimates what a deployment on AWS costs with the times and numbers of its flags. It asks nobody, and it is an\n" +
			"estimate: prices are those of " + cost.Region + " in " + cost.PricedAt + " (" + cost.Source + "), without taxes, free tiers\n" +
			"and traffic out of AWS; --prices says where each is from. Times and sizes are assumptions, some of them guesses:\n" +
			"--sensitivity lists them, and what the estimate becomes at both ends of each and by single changes.",
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
					Prices      []cost.Price  `json:"prices,omitempty"`
					Sensitivity []cost.Range  `json:"sensitivity,omitempty"`
					Changes     []cost.Change `json:"changes,omitempty"`
				}{instance, u.USDPerHour, cost.PricedAt, cost.Region, cost.Source, true, cost.Of(u), only(prices, cost.Prices), only(sensitivity, cost.Sensitivity(u)), only(sensitivity, cost.Changes(u))})
			}
			if err := showCost(cmd.OutOrStdout(), instance, u); err != nil {
				return err
			}
			if prices {
				showPrices(cmd.OutOrStdout())
			}
			if sensitivity {
				showSensitivity(cmd.OutOrStdout(), u)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&instance, "instance", cost.Instances[0].Type, "kind of the GPU instance: "+strings.Join(priced(), ", "))
	f.Float64Var(&price, "price", cost.Instances[0].USDPerHour, "USD per hour of the instance, if it is another than the list's")
	f.DurationVar(&segment, "segment", cost.Instances[0].Segment, "time of one scan on the GPU, if it was measured")
	f.IntVar(&u.Jobs, "jobs", base.Jobs, "scans in a month")
	f.IntVar(&u.Together, "together", base.Together, "scans that come at once and share a warm-up")
	f.DurationVar(&u.WarmUp, "warm-up", base.WarmUp, "how long an instance is paid before its first scan")
	f.DurationVar(&u.Linger, "linger", base.Linger, "how long it stays up after the last one (LingerSeconds)")
	f.DurationVar(&u.Intent, "warm-on-intent", base.Intent, "how long it stays up for an upload that was announced (WarmOnIntentSeconds)")
	f.Float64Var(&u.ImageGB, "image-gb", base.ImageGB, "size of the model's images in ECR")
	f.Float64Var(&u.UploadMB, "upload-mb", base.UploadMB, "a scan as it is sent, and as large again while it is worked on")
	f.Float64Var(&u.ResultsMB, "results-mb", base.ResultsMB, "what is kept of a job")
	f.IntVar(&u.UploadDays, "upload-days", base.UploadDays, "how long uploads are kept (UploadDays)")
	f.IntVar(&u.ResultDays, "retention-days", base.ResultDays, "how long results are kept (RetentionDays)")
	f.Float64Var(&u.StageMB, "stage-memory", base.StageMB, "memory of prepare, glimpse and mesh in MB (StageMemory)")
	f.Float64Var(&u.StageSeconds, "stage-seconds", base.StageSeconds, "seconds of prepare and mesh together")
	f.IntVar(&u.Zones, "zones", base.Zones, "hosted zones in Route 53; 0 without a domain")
	f.BoolVar(&prices, "prices", false, "list the prices, and where each is from")
	f.BoolVar(&sensitivity, "sensitivity", false, "list the assumptions, what each does, and what single changes would")
	f.BoolVar(&asJSON, "json", false, "print the estimate as JSON")
	return c
}

// only is a list that was asked for.
func only[T any](asked bool, list []T) []T {
	if !asked {
		return nil
	}
	return list
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
	row("a scan by itself", e.Alone, fmt.Sprintf("GPU %.4f for %s warm-up, %s segmentation, %s linger; functions %.4f, and %.4f for a first look at a CT; storage for %d days %.4f", e.GPUAlone, u.WarmUp, u.Segment, u.Linger, e.Functions, e.Glimpse, u.ResultDays, e.Storage))
	if u.Together > 1 {
		row(fmt.Sprintf("each of %d at once", u.Together), e.Each, "they share a warm-up and a linger")
	}
	row("a label map", e.Labels, "no GPU")
	row("a month without a scan", e.Idle, fmt.Sprintf("the images in ECR, %g GB, %d hosted zone, the janitor; Profile=hipaa %.2f more for a key and a firewall", u.ImageGB, u.Zones, e.Hipaa))
	row(fmt.Sprintf("a month of %d scans", u.Jobs), e.Month, "at random moments")
	if u.Intent > 0 {
		row("an upload that dies", e.DeadUpload, fmt.Sprintf("at most: the GPU was woken for it, stays up %s and is found within 5m; a scan by itself is ready up to %.0f s sooner for that", u.Intent, e.Saved))
	}
	row("a GPU that never sleeps", e.AlwaysOn, "a month, to compare")
	return t.Flush()
}

func showPrices(out io.Writer) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nprice\tUSD\tper\tread\tfrom\tconfirmed by")
	for _, p := range cost.Prices {
		by := p.ConfirmedBy
		if by == "" {
			by = "nobody"
		}
		fmt.Fprintf(t, "%s\t%.10g\t%s\t%s\t%s\t%s\n", p.Name, p.USD, p.Per, p.Read, p.Source, by)
	}
	_ = t.Flush()
}

func showSensitivity(out io.Writer, u cost.Use) {
	now := cost.EffectOf(u)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nassumption\tis\tmay be\ta scan by itself\teach of ten\ta month\tan idle month\tfrom")
	fmt.Fprintf(t, "as they are\t\t\t%.4f\t%.4f\t%.2f\t%.2f\n", now.Alone, now.Burst, now.Month, now.Idle)
	ends := func(format string, low, high float64) string { return fmt.Sprintf(format+" to "+format, low, high) }
	for _, r := range cost.Sensitivity(u) {
		guess := ""
		if r.Guess {
			guess = " (a guess)"
		}
		fmt.Fprintf(t, "%s: %s%s\t%g %s\t%g to %g\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.What, guess, r.Value, r.Unit, r.Low, r.High,
			ends("%.4f", r.AtLow.Alone, r.AtHigh.Alone), ends("%.4f", r.AtLow.Burst, r.AtHigh.Burst), ends("%.2f", r.AtLow.Month, r.AtHigh.Month), ends("%.2f", r.AtLow.Idle, r.AtHigh.Idle), r.Source)
	}
	fmt.Fprintln(t, "\none change\ta scan by itself\teach of ten\ta month")
	for _, c := range cost.Changes(u) {
		fmt.Fprintf(t, "%s\t%.4f\t%.4f\t%.2f\n", c.Name, c.Alone, c.Burst, c.Month)
	}
	_ = t.Flush()
}
