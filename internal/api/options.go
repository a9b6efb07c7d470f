package api

import (
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// changed reads options out of a JSON body, over those that a job has.
func (a *API) changed(o job.Options, body map[string]any) (job.Options, error) {
	values := make(map[string]string, len(body))
	for name, v := range body {
		s, err := optionText(name, v)
		if err != nil {
			return o, err
		}
		values[name] = s
	}
	o, err := o.Changed(values, a.Tasks)
	if err != nil {
		return o, err
	}
	return o, nil
}

// optionText spells a JSON value as the option is spelled in object metadata.
func optionText(name string, v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case []any:
		if name == "merge" {
			return mergeText(v)
		}
		return listText(name, v)
	}
	return "", job.Reject("bad_option", "an option is neither a text, a number, true, false nor a list")
}

func listText(name string, list []any) (string, error) {
	texts := make([]string, len(list))
	for i, x := range list {
		s, ok := x.(string)
		if !ok {
			return "", job.Reject("bad_option", "a list of names holds something else")
		}
		texts[i] = s
	}
	return strings.Join(texts, ","), nil
}

// mergeText reads [{"name": …, "of": […]}], the form in which a job shows it.
func mergeText(list []any) (string, error) {
	parts := make([]string, len(list))
	for i, x := range list {
		m, _ := x.(map[string]any)
		name, _ := m["name"].(string)
		of, _ := m["of"].([]any)
		names, err := listText("of", of)
		if err != nil {
			return "", err
		}
		parts[i] = name + "=" + names
	}
	return strings.Join(parts, ";"), nil
}
