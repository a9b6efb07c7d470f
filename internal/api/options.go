package api

import (
	"strconv"

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
		names, err := texts(v)
		return job.SpelledNames(names), err
	}
	return "", job.Reject("bad_option", "an option is neither a text, a number, true, false nor a list")
}

// texts are the elements of a list of names.
func texts(list []any) ([]string, error) {
	out := make([]string, len(list))
	for i, x := range list {
		s, ok := x.(string)
		if !ok {
			return nil, job.Reject("bad_option", "a list of names holds something else")
		}
		out[i] = s
	}
	return out, nil
}

// mergeText reads [{"name": …, "of": […]}], the form in which a job shows it.
func mergeText(list []any) (string, error) {
	merge := make([]job.Merge, len(list))
	for i, x := range list {
		m, _ := x.(map[string]any)
		merge[i].Name, _ = m["name"].(string)
		of, _ := m["of"].([]any)
		names, err := texts(of)
		if err != nil {
			return "", err
		}
		merge[i].Of = names
	}
	return job.SpelledMerge(merge), nil
}
