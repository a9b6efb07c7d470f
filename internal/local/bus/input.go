package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Transformer builds a payload from values of the event.
type Transformer struct {
	Paths    map[string]string `json:"InputPathsMap,omitempty"` // name → path
	Template string            `json:"InputTemplate"`           // text with <name>
}

// maxPaths is AWS's quota of one transformer.
const maxPaths = 100

// occasion is what a template may say about the delivery beside the event.
type occasion struct {
	rule, ruleARN string
	ingested      time.Time
}

var (
	eventPath   = regexp.MustCompile(`^\$(\.[^.\[\]\s]+|\[\d{1,9}\])*$`)
	pathStep    = regexp.MustCompile(`\.[^.\[\]\s]+|\[\d{1,9}\]`)
	placeholder = regexp.MustCompile(`<([A-Za-z0-9_.-]+)>`)
)

func (t Target) checkInput() error {
	set := 0
	if t.Input != "" {
		if set++; !json.Valid([]byte(t.Input)) {
			return errors.New("input: want JSON")
		}
	}
	if t.InputPath != "" {
		if set++; !eventPath.MatchString(t.InputPath) {
			return fmt.Errorf("input path %q: want a path such as $.detail", t.InputPath)
		}
	}
	if t.Transformer != nil {
		set++
		if t.Transformer.Template == "" || len(t.Transformer.Paths) > maxPaths {
			return fmt.Errorf("input transformer: want a template and at most %d paths", maxPaths)
		}
		for name, path := range t.Transformer.Paths {
			if strings.HasPrefix(name, "aws.") || !eventPath.MatchString(path) {
				return fmt.Errorf("input transformer: %s = %q: want a path such as $.detail, and no name under aws", name, path)
			}
		}
	}
	if set > 1 {
		return errors.New("want one of input, input path and input transformer")
	}
	return nil
}

// payload is what the target gets for an event.
func (t Target) payload(event []byte, o occasion) ([]byte, error) {
	switch {
	case t.Input != "":
		return []byte(t.Input), nil
	case t.InputPath != "":
		value, found := lookup(event, t.InputPath)
		if !found {
			return nil, fmt.Errorf("input path %s: not in the event", t.InputPath)
		}
		return value, nil
	case t.Transformer != nil:
		return t.Transformer.apply(event, o)
	}
	return event, nil
}

// lookup walks the raw text, so that a value comes out as it was written.
func lookup(event json.RawMessage, path string) (json.RawMessage, bool) {
	for _, step := range pathStep.FindAllString(path, -1) {
		if name, ok := strings.CutPrefix(step, "."); ok {
			var object map[string]json.RawMessage
			if json.Unmarshal(event, &object) != nil {
				return nil, false
			}
			if event, ok = object[name]; !ok {
				return nil, false
			}
			continue
		}
		var array []json.RawMessage
		index, err := strconv.Atoi(step[1 : len(step)-1])
		if err != nil || json.Unmarshal(event, &array) != nil || index >= len(array) {
			return nil, false
		}
		event = array[index]
	}
	return event, true
}

// apply replaces each <name>: inside a quoted string by the value's text, bare
// by the value as JSON. A value that the event lacks leaves nothing.
func (tr *Transformer) apply(event []byte, o occasion) ([]byte, error) {
	var out strings.Builder
	quoted, at := false, 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(tr.Template, -1) {
		between := tr.Template[at:m[0]]
		out.WriteString(between)
		quoted, at = quotedAfter(between, quoted), m[1]
		value, found := tr.value(tr.Template[m[2]:m[3]], event, o)
		switch {
		case !found:
		case quoted:
			out.WriteString(inside(value))
		default:
			out.Write(value)
		}
	}
	out.WriteString(tr.Template[at:])
	if !json.Valid([]byte(out.String())) {
		return nil, errors.New("input transformer: the template does not give JSON for this event")
	}
	return []byte(out.String()), nil
}

func (tr *Transformer) value(name string, event []byte, o occasion) (json.RawMessage, bool) {
	text := ""
	switch name {
	case "aws.events.event", "aws.events.event.json":
		return event, true
	case "aws.events.rule-arn":
		text = o.ruleARN
	case "aws.events.rule-name":
		text = o.rule
	case "aws.events.event.ingestion-time":
		text = o.ingested.UTC().Format(time.RFC3339)
	default:
		path, known := tr.Paths[name]
		if !known {
			return nil, false
		}
		return lookup(event, path)
	}
	b, err := json.Marshal(text)
	return b, err == nil
}

// quotedAfter says whether a JSON text that began inside a string or not ends
// inside one.
func quotedAfter(text string, quoted bool) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		}
	}
	return quoted
}

// inside is a value as the inner text of a JSON string.
func inside(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) != nil {
		s = string(value)
	}
	b, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(b[1 : len(b)-1])
}
