//go:build !windows

package main

import "os"

// rename puts a file in the place of another one.
func rename(from, to string) error { return os.Rename(from, to) }
