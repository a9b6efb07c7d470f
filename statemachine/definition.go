// Package statemachine embeds the scan workflow, so that the bytes that are
// deployed are the bytes that are tested and run on one machine.
package statemachine

import _ "embed"

// Scan is the definition of the scan workflow, with SAM's ${…} substitutions
// still to be made.
//
//go:embed scan.asl.json
var Scan []byte
