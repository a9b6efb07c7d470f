//go:build !windows

package main

// unset is the command that forgets a variable of the environment.
func unset(name string) string { return "unset " + name }

// export is the command that sets a variable of the environment.
func export(name, value string) string { return "export " + name + "=" + value }
