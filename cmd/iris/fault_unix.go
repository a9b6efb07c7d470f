//go:build !windows

package main

// systemCode is the code of an error that only one operating system has; empty for none.
func systemCode(error) string { return "" }
