package states

import (
	"encoding/base64"
	"strconv"
	"time"
)

// page is what every list operation takes.
type page struct {
	Max  int    `json:"maxResults"`
	Next string `json:"nextToken"`
}

// pageOf cuts one page out of a list. A token is where the next page begins,
// counted from the list's fixed end, so that what comes new between two requests
// moves nothing: newestFirst lists grow at the front.
func pageOf[T any](p page, list []T, newestFirst bool) (part []T, next string, err error) {
	if p.Max < 0 || p.Max > 1000 {
		return nil, "", refuse("ValidationException", "maxResults is %d: want 0 to 1000", p.Max)
	}
	if p.Max == 0 {
		p.Max = 100
	}
	from := 0
	if p.Next != "" {
		text, err := base64.RawURLEncoding.DecodeString(p.Next)
		if err == nil {
			from, err = strconv.Atoi(string(text))
		}
		if newestFirst {
			from = len(list) - from
		}
		if err != nil || from < 0 {
			return nil, "", refuse("InvalidToken", "Invalid Token: 'Invalid nextToken'")
		}
	}
	from = min(from, len(list))
	to := min(from+p.Max, len(list))
	if mark := to; to < len(list) {
		if newestFirst {
			mark = len(list) - to
		}
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(mark)))
	}
	return list[from:to], next, nil
}

// seconds is a time as AWS JSON writes it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
