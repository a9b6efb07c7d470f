package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/iris-oculus/iris/internal/job"
)

// wrongFlag says what is wrong with a flag, without the texts of Go's own parsers.
func wrongFlag(c *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var lacks *pflag.ValueRequiredError
	what := err.Error()
	switch {
	case errors.As(err, &value):
		f := value.GetFlag()
		what = fmt.Sprintf("--%s %q: want %s", f.Name, value.GetValue(), wants(f))
	case errors.As(err, &unknown):
		what = fmt.Sprintf("%s has no flag --%s%s", c.CommandPath(), unknown.GetSpecifiedName(), meant(unknown.GetSpecifiedName(), flagNames(c)))
		if unknown.GetSpecifiedShortnames() != "" {
			what = fmt.Sprintf("%s has no flag -%s", c.CommandPath(), unknown.GetSpecifiedName())
		}
	case errors.As(err, &lacks):
		f := lacks.GetFlag()
		what = fmt.Sprintf("--%s wants %s after it", f.Name, wants(f))
	}
	return usage("usage: %s: `%s --help` lists what it takes", what, c.CommandPath())
}

// wants says what a flag takes.
func wants(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "float64":
		return "a number such as " + or(f.DefValue, "0.5")
	case "int", "int64":
		return "a whole number"
	case "duration":
		return "a time with its unit, such as 90s or 2m"
	case "stringToString":
		return "Name=Value"
	case "bool":
		return "true or false, or nothing"
	}
	return "a text"
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// meant is the end of a sentence that asks whether another word was meant; empty for none.
func meant(word string, list []string) string {
	near, ok := job.Nearest(word, list)
	if n := slices.IndexFunc(list, func(s string) bool { return strings.HasPrefix(s, word) }); n >= 0 {
		near, ok = list[n], true
	}
	if ok {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	return ""
}

func flagNames(c *cobra.Command) (names []string) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}

func commandNames(c *cobra.Command) (names []string) {
	for _, below := range c.Commands() {
		if !strings.HasPrefix(below.Name(), "_") {
			names = append(names, below.Name())
		}
	}
	return append(names, "help")
}
