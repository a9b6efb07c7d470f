package template

import (
	"fmt"
	"strings"
)

// StateMachine is a Step Functions state machine.
type StateMachine struct {
	ID, Name, ARN string
	// Definition is the path of the ASL file, relative to the template.
	Definition    string
	Alias         string // by which it may be started too; empty: none
	substitutions map[string]string
}

func (t *Template) addStateMachine(e *evaluator, r resource) error {
	var p struct {
		Type, DefinitionUri     string
		AutoPublishAlias        string
		DefinitionSubstitutions map[string]any
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	if p.Type != "" && p.Type != "STANDARD" {
		return fmt.Errorf("property Type: %q: one machine runs STANDARD", p.Type)
	}
	if p.DefinitionUri == "" {
		return fmt.Errorf("property DefinitionUri is missing")
	}
	n, name, err := e.identify(r.id)
	if err != nil {
		return err
	}
	m := StateMachine{ID: r.id, Name: name, ARN: e.arn(n, name), Definition: p.DefinitionUri, Alias: p.AutoPublishAlias, substitutions: map[string]string{}}
	for k, v := range p.DefinitionSubstitutions {
		m.substitutions[k] = text(v)
	}
	t.StateMachines = append(t.StateMachines, m)
	return nil
}

// Substitute puts DefinitionSubstitutions into a definition; a placeholder
// without one is an error, as is one that the definition does not use.
func (m StateMachine) Substitute(definition string) (string, error) {
	for _, name := range sorted(m.substitutions) {
		mark := "${" + name + "}"
		if !strings.Contains(definition, mark) {
			return "", fmt.Errorf("state machine %s: substitution %s is not used", m.ID, name)
		}
		definition = strings.ReplaceAll(definition, mark, m.substitutions[name])
	}
	if left := placeholder.FindString(definition); left != "" {
		return "", fmt.Errorf("state machine %s: %s has no substitution", m.ID, left)
	}
	return definition, nil
}
