package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// verdict is what was found of one thing.
type verdict string

const (
	good    verdict = "ok"
	note    verdict = "note"    // works, and may surprise
	missing verdict = "missing" // something will not work
)

// finding is one thing that was looked at.
type finding struct {
	Check   string  `json:"check"` // a word that stays the same, for scripts
	Verdict verdict `json:"verdict"`
	What    string  `json:"what"`
	Cure    string  `json:"cure,omitempty"` // a command, or what to do; of no good finding
}

// found is a finding that is good or has a cure.
func found(check string, ok bool, what, otherwise, cure string) finding {
	if ok {
		return finding{check, good, what, ""}
	}
	return finding{check, missing, otherwise, cure}
}

// diagnosis is what iris doctor says.
type diagnosis struct {
	OK            bool      `json:"ok"`
	Findings      []finding `json:"findings"`
	WithoutEffect []string  `json:"without_effect"` // of template.yaml, on one machine
}

func doctorCommand() *cobra.Command {
	var state, install, bundleFile string
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong on this machine or with its service, and the command that cures it",
		Long: "Doctor looks at what `iris up` and `make build` need (programs and their versions, ports, disk, memory, file descriptors,\n" +
			"the state folder) and at the service that the other commands talk to (its answer, clock, token, proxies).\n" +
			"Of a stack that runs on this machine it explains what is sick. With --bundle it writes a zip file for who is to help, without\n" +
			"names, keys, owners or addresses. It changes nothing. A note works and may surprise; what is missing will not work, and ends the command with code 1.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := diagnosis{OK: true, Findings: append(machine(cmd.Context(), state, install), theService(cmd)...)}
			api, err := newClient(cmd)
			if err != nil {
				api = nil // a finding says so
			}
			d.Findings = append(d.Findings, sick(cmd.Context(), api)...)
			if d.WithoutEffect, err = withoutEffect(install); err != nil {
				return err
			}
			lacks := 0
			for _, f := range d.Findings {
				if f.Verdict == missing {
					lacks++
				}
			}
			d.OK = lacks == 0
			if bundleFile != "" {
				if err := writeBundle(cmd.Context(), bundleFile, state, d, api); err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "%s holds what helps somebody else to see what is wrong, and nobody's name: look into it before you send it\n", bundleFile)
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				err = e.Encode(d)
			} else {
				err = d.print(cmd.OutOrStdout())
			}
			if err == nil && lacks > 0 {
				err = fmt.Errorf("missing: %d of %d things are not as they should be; the cures are above", lacks, len(d.Findings))
			}
			return err
		},
	}
	c.Flags().StringVar(&install, "install", defaultInstall(), "folder that holds template.yaml, statemachine/ and build/")
	c.Flags().StringVar(&bundleFile, "bundle", "", "also write a support bundle to this new file (.zip)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	stateFlag(c, &state)
	return c
}

func (d diagnosis) print(w io.Writer) error {
	var b strings.Builder
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "%-8s %s\n", f.Verdict, f.What)
		if f.Cure != "" {
			fmt.Fprintf(&b, "         cure: %s\n", f.Cure)
		}
	}
	if len(d.WithoutEffect) > 0 {
		b.WriteString("\nDeclared in template.yaml, without effect on one machine:\n")
		for _, line := range d.WithoutEffect {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
