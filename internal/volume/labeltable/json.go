package labeltable

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// maxDepth bounds how deep structures may be nested.
const maxDepth = 64

// parseJSON reads any of the forms of the package's comment.
func parseJSON(text []byte) ([]Entry, error) {
	var root any
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("it is no JSON, though it begins like it")
	}
	entries := fromJSON(root, nil, 0)
	if len(entries) == 0 {
		return nil, fmt.Errorf("its JSON has no labels")
	}
	return entries, nil
}

func fromJSON(value any, entries []Entry, depth int) []Entry {
	if depth > maxDepth || len(entries) > maxEntries {
		return entries
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			entries = fromJSON(item, entries, depth+1)
		}
	case map[string]any:
		for _, key := range []string{"labels", "structures", "msg", "LabelTable"} {
			if inner, ok := v[key]; ok {
				return fromJSON(inner, entries, depth+1)
			}
		}
		if e, ok := described(v); ok {
			return fromJSON(v["children"], append(entries, e), depth+1)
		}
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		// At the top of a file {"liver": 1} is a table only if all of it is: the
		// parameters of a scanner ("FlipAngle": 12) stand among other things.
		mixed := depth == 0 && slices.ContainsFunc(keys, func(key string) bool { _, ok := whole(v[key]); return !ok })
		for _, key := range keys {
			_, number := v[key].(float64)
			if e, ok := pair(key, v[key]); ok && !(mixed && number) {
				entries = append(entries, e)
			}
		}
	}
	return entries
}

// described is an entry that names its own parts.
func described(v map[string]any) (Entry, bool) {
	id, ok := whole(first(v, "id", "index", "value", "label", "labelID", "structure_id"))
	if !ok {
		return Entry{}, false
	}
	e := Entry{ID: id, Color: colour(first(v, "color", "colour", "rgb", "rgb_triplet", "color_hex_triplet", "recommendedDisplayRGBValue"))}
	e.Name, _ = first(v, "name", "label_name", "label", "description", "acronym").(string)
	if e.Name == "" {
		e.Name, _ = first(v, "acronym", "SegmentLabel", "SegmentDescription").(string)
	}
	return e, e.Name != ""
}

// pair is "1": "liver", "liver": 1, or "1": {"name": …}.
func pair(key string, value any) (Entry, bool) {
	id, numbered := int64(0), false
	if n, err := strconv.ParseInt(key, 10, 64); err == nil {
		id, numbered = n, true
	}
	switch v := value.(type) {
	case string:
		return Entry{ID: id, Name: v}, numbered
	case float64:
		n, ok := whole(v)
		return Entry{ID: n, Name: key}, ok && !numbered
	case map[string]any:
		name, _ := first(v, "name", "label", "description").(string)
		c := colour(first(v, "color", "colour", "rgb"))
		if numbered {
			return Entry{ID: id, Name: name, Color: c}, name != ""
		}
		n, ok := whole(first(v, "id", "index", "value", "label"))
		return Entry{ID: n, Name: key, Color: c}, ok
	}
	return Entry{}, false
}

func first(v map[string]any, keys ...string) any {
	for _, key := range keys {
		if value, ok := v[key]; ok && value != nil {
			return value
		}
	}
	return nil
}

func whole(value any) (int64, bool) {
	switch v := value.(type) {
	case float64:
		return int64(v), v == float64(int64(v)) && v < 1<<53
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	}
	return 0, false
}

// colour is "#aabbcc", or three numbers from 0 to 255, or from 0 to 1 when none is
// above 1.
func colour(value any) string {
	switch v := value.(type) {
	case string:
		return hex(v)
	case []any:
		if len(v) < 3 {
			return ""
		}
		var parts [3]float64
		for i := range parts {
			part, ok := v[i].(float64)
			if !ok {
				return ""
			}
			parts[i] = part
		}
		scale := 1.0
		if max(parts[0], parts[1], parts[2]) <= 1 {
			scale = 255
		}
		return RGB(scale*parts[0], scale*parts[1], scale*parts[2])
	}
	return ""
}
