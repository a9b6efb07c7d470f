// Package accept reads what a client says that it takes. In: header fields of a request.
// Out: whether an answer may be sent in gzip.
package accept

import (
	"strconv"
	"strings"
)

// Gzip reads Accept-Encoding (RFC 9110 §12.5.3): a list of codings, each with a weight,
// where * stands for all that are not named. A weight of 0 refuses.
func Gzip(header string) bool {
	accepted := false
	for _, item := range strings.Split(header, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "x-gzip" && name != "*" {
			continue
		}
		weight := 1.0
		if text, ok := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(parameters, " ", "")), "q="); ok {
			q, err := strconv.ParseFloat(text, 64)
			if err != nil {
				q = 0 // a weight that cannot be read is no consent
			}
			weight = q
		}
		if accepted = weight > 0; name != "*" {
			return accepted
		}
	}
	return accepted
}
