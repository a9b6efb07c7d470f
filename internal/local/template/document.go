package template

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	maxFile  = 1 << 20 // what CloudFormation takes
	maxDepth = 64
)

// Values of a document are map[string]any, []any, string, int, float64, bool
// and nil. A short tag, !Sub for example, becomes the long form, a map of the
// one key Fn::Sub.

// read parses a template file.
func read(path string) (map[string]any, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("read template: larger than %d bytes", maxFile)
	}
	return parse(text)
}

func parse(text []byte) (map[string]any, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("read template: it is empty")
	}
	v, err := value(doc.Content[0], 0)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("read template: its root is not a mapping")
	}
	return m, nil
}

// value converts a node, short tags included.
func value(n *yaml.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("line %d: nested deeper than %d", n.Line, maxDepth)
	}
	if n.Kind == yaml.AliasNode {
		return nil, fmt.Errorf("line %d: YAML aliases are not part of CloudFormation", n.Line)
	}
	plain, err := untagged(n, depth)
	if err != nil {
		return nil, err
	}
	name, short := strings.CutPrefix(n.Tag, "!")
	if !short || strings.HasPrefix(name, "!") {
		return plain, nil
	}
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: plain}, nil
	}
	return map[string]any{"Fn::" + name: plain}, nil
}

func untagged(n *yaml.Node, depth int) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if _, twice := m[k.Value]; twice {
				return nil, fmt.Errorf("line %d: key %q is given twice", k.Line, k.Value)
			}
			v, err := value(n.Content[i+1], depth+1)
			if err != nil {
				return nil, err
			}
			m[k.Value] = v
		}
		return m, nil
	case yaml.SequenceNode:
		s := make([]any, len(n.Content))
		for i, c := range n.Content {
			v, err := value(c, depth+1)
			if err != nil {
				return nil, err
			}
			s[i] = v
		}
		return s, nil
	}
	return scalar(n), nil
}

// scalar keeps dates (format and policy versions) as text.
func scalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!int":
		if i, err := strconv.Atoi(n.Value); err == nil {
			return i
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	case "!!bool":
		if b, err := strconv.ParseBool(n.Value); err == nil {
			return b
		}
	case "!!null":
		return nil
	}
	return n.Value
}
