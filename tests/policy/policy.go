// Package policy evaluates IAM policies as far as the template's go: statements of actions
// and resources with wildcards, without conditions, of one account. In: a function's
// statements, an action, an ARN. Out: whether it is allowed. An explicit Deny comes before
// every Allow, and what no statement names is denied.
package policy

import (
	"fmt"
	"strings"

	"github.com/iris-oculus/iris/internal/local/template"
)

// Statement is one of a policy.
type Statement struct {
	Effect           string
	Action, Resource []string
}

// Of are the statements of a resource's own policies: a function's, a role's. It is an
// error if one holds what this package does not evaluate.
func Of(r template.Resource) (all []Statement, err error) {
	policies, _ := r.Properties["Policies"].([]any)
	for _, p := range policies {
		document, _ := p.(map[string]any)
		if inner, ok := document["PolicyDocument"].(map[string]any); ok {
			document = inner
		}
		list, _ := document["Statement"].([]any) // SAM's own templates of policies have none
		for _, s := range list {
			m, _ := s.(map[string]any)
			for name := range m {
				switch name {
				case "Sid", "Effect", "Action", "Resource":
				default:
					return nil, fmt.Errorf("%s: a statement with %s is not evaluated", r.ID, name)
				}
			}
			one := Statement{Effect: fmt.Sprint(m["Effect"]), Action: texts(m["Action"]), Resource: texts(m["Resource"])}
			if one.Effect != "Allow" && one.Effect != "Deny" || len(one.Action) == 0 || len(one.Resource) == 0 {
				return nil, fmt.Errorf("%s: %v is no statement", r.ID, m)
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// texts is a value that may be one text or a list of them.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			all = append(all, fmt.Sprint(item))
		}
	}
	return all
}

// Allows says whether the statements allow an action on an ARN. An empty ARN is that of a
// request that does not tell it: any resource of a statement will do.
func Allows(all []Statement, action, arn string) bool {
	allowed := false
	for _, s := range all {
		if !s.applies(action, arn) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}

func (s Statement) applies(action, arn string) bool {
	for _, a := range s.Action {
		if !match(strings.ToLower(a), strings.ToLower(action)) {
			continue
		}
		for _, r := range s.Resource {
			if arn == "" || match(r, arn) {
				return true
			}
		}
	}
	return false
}

// match holds a text against a pattern with * (any characters, none too) and ? (one).
func match(pattern, text string) bool {
	back, at := -1, 0 // behind the last *, and where the text may begin anew
	p, n := 0, 0
	for n < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			back, at = p+1, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[n]):
			p++
			n++
		case back >= 0:
			at++
			p, n = back, at
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
