package pattern

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// compileTerms reads the values wanted of one field.
func compileTerms(values []any) ([]term, error) {
	if len(values) == 0 {
		return nil, invalid("Empty arrays are not allowed")
	}
	var terms []term
	var wildcards []wildcard
	for _, value := range values {
		var t term
		var err error
		switch v := value.(type) {
		case members:
			var more []wildcard
			t, more, err = operator(v)
			wildcards = append(wildcards, more...)
		case string:
			t = term{match: exactly(v)}
		case json.Number:
			t = term{match: equalNumber(v.String())}
		case bool:
			t = term{match: literal(strconv.FormatBool(v))}
		case nil:
			t = term{match: literal("null")}
		default:
			err = invalid("Match value must be String, number, true, false, or null")
		}
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
	}
	return terms, checkComplexity(wildcards)
}

// operator reads {"prefix": …} and its like. The wildcards are those of the
// term, whose complexity is judged for the whole field.
func operator(o members) (term, []wildcard, error) {
	if len(o) == 0 {
		return term{}, nil, invalid("Match expression name not found")
	}
	if len(o) > 1 {
		return term{}, nil, invalid("Only one key allowed in match expression")
	}
	name, value := o[0].name, o[0].value
	switch name {
	case "anything-but":
		match, wildcards, err := anythingBut(value)
		return term{match: match}, wildcards, err
	case "exists":
		wanted, ok := value.(bool)
		if !ok {
			return term{}, nil, invalid("exists match pattern must be either true or false.")
		}
		return term{absent: !wanted, match: func(leaf) bool { return true }}, nil, nil
	case "numeric":
		match, err := numeric(value)
		return term{match: match}, nil, err
	case "prefix", "suffix":
		if nested, ok := value.(members); ok {
			match, err := affixIgnoringCase(name, nested)
			return term{match: match}, nil, err
		}
	case "exactly", "equals-ignore-case", "wildcard", "cidr":
	default:
		return term{}, nil, invalid("Unrecognized match type %s", name)
	}
	text, ok := value.(string)
	if !ok {
		return term{}, nil, invalid("%s match pattern must be a string", name)
	}
	return ofText(name, text)
}

// ofText builds the operators whose operand is one string.
func ofText(name, text string) (term, []wildcard, error) {
	switch name {
	case "exactly":
		return term{match: ofString(func(s string) bool { return s == text })}, nil, nil
	case "equals-ignore-case":
		return term{match: ofString(func(s string) bool { return strings.EqualFold(s, text) })}, nil, nil
	case "prefix":
		return term{match: ofString(func(s string) bool { return strings.HasPrefix(s, text) })}, nil, nil
	case "suffix":
		return term{match: ofString(func(s string) bool { return strings.HasSuffix(s, text) })}, nil, nil
	case "cidr":
		match, err := cidr(text)
		return term{match: match}, nil, err
	default: // wildcard
		w, err := parseWildcard(text)
		return term{match: ofString(w.match)}, []wildcard{w}, err
	}
}

func ofString(match func(string) bool) func(leaf) bool {
	return func(l leaf) bool { return l.kind == isString && match(l.text) }
}

// exactly matches a string; an IP address matches in any of its spellings.
func exactly(want string) func(leaf) bool {
	address, err := netip.ParseAddr(want)
	return ofString(func(s string) bool {
		if s == want {
			return true
		}
		if err != nil {
			return false
		}
		other, err := netip.ParseAddr(s)
		return err == nil && other == address
	})
}

func literal(want string) func(leaf) bool {
	return func(l leaf) bool { return l.kind == isLiteral && l.text == want }
}

// equalNumber compares by value, and as written beyond ±maxNumber (an account id).
func equalNumber(want string) func(leaf) bool {
	n, inside := millionths(want)
	return func(l leaf) bool {
		return l.kind == isNumber && (l.text == want || inside && l.inside && l.number == n)
	}
}

// affixIgnoringCase is {"prefix": {"equals-ignore-case": "…"}} and the same of suffix.
func affixIgnoringCase(name string, nested members) (func(leaf) bool, error) {
	if len(nested) != 1 {
		return nil, invalid("Only one key allowed in match expression")
	}
	if nested[0].name != "equals-ignore-case" {
		return nil, invalid("Unsupported %s pattern: %s", name, nested[0].name)
	}
	text, ok := nested[0].value.(string)
	if !ok {
		return nil, invalid("equals-ignore-case match pattern must be a string")
	}
	return ofString(func(s string) bool { return affixFold(s, text, name == "suffix") }), nil
}

// affixFold compares rune by rune: two cases of one letter may differ in bytes.
func affixFold(s, affix string, atEnd bool) bool {
	have, want := []rune(s), []rune(affix)
	if len(have) < len(want) {
		return false
	}
	if atEnd {
		have = have[len(have)-len(want):]
	}
	return strings.EqualFold(string(have[:len(want)]), affix)
}

// cidr matches strings that are addresses inside the network.
func cidr(text string) (func(leaf) bool, error) {
	address, mask, found := strings.Cut(text, "/")
	if !found || strings.Contains(mask, "/") {
		return nil, invalid("Malformed CIDR, one '/' required")
	}
	bits, err := strconv.Atoi(mask)
	if err != nil || bits < 0 {
		return nil, invalid("Malformed CIDR, mask bits must be an integer that is not negative")
	}
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Zone() != "" {
		return nil, invalid("Nonstandard IP address: %s", address)
	}
	if bits >= ip.BitLen() {
		return nil, invalid("mask bits must be < %d", ip.BitLen())
	}
	network := netip.PrefixFrom(ip, bits).Masked()
	return ofString(func(s string) bool {
		other, err := netip.ParseAddr(s)
		return err == nil && network.Contains(other)
	}), nil
}

// numeric reads ["<", 10] or [">", 0, "<=", 5].
func numeric(value any) (func(leaf) bool, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, invalid("Value of numeric must be an array.")
	}
	if len(list) == 0 {
		return nil, invalid("Invalid member in numeric match: ]")
	}
	first, bottom, err := comparison(list, []string{"=", "<", "<=", ">", ">="})
	if err != nil {
		return nil, err
	}
	if len(list) == 2 {
		return ofNumber(first), nil
	}
	if list[0] != ">" && list[0] != ">=" {
		return nil, invalid("Too many elements in numeric expression")
	}
	second, top, err := comparison(list[2:], []string{"<", "<="})
	if err != nil {
		return nil, err
	}
	if len(list) > 4 {
		return nil, invalid("Too many terms in numeric range expression")
	}
	if bottom >= top {
		return nil, invalid("Bottom must be less than top")
	}
	return ofNumber(func(n int64) bool { return first(n) && second(n) }), nil
}

func ofNumber(match func(int64) bool) func(leaf) bool {
	return func(l leaf) bool { return l.kind == isNumber && l.inside && match(l.number) }
}

// comparison reads the operator and the number at the head of list.
func comparison(list []any, operators []string) (match func(int64) bool, bound int64, err error) {
	name, ok := list[0].(string)
	if !ok {
		return nil, 0, invalid("Invalid member in numeric match")
	}
	if !slices.Contains(operators, name) {
		return nil, 0, invalid("Unrecognized numeric range operator: %s", name)
	}
	if len(list) < 2 {
		return nil, 0, invalid("Value of %s must be numeric", name)
	}
	number, ok := list[1].(json.Number)
	if !ok {
		return nil, 0, invalid("Value of %s must be numeric", name)
	}
	bound, inside := millionths(number.String())
	if !inside {
		return nil, 0, invalid("Value must be between -5.0E9 and 5.0E9, inclusive")
	}
	switch name {
	case "=":
		match = func(n int64) bool { return n == bound }
	case "<":
		match = func(n int64) bool { return n < bound }
	case "<=":
		match = func(n int64) bool { return n <= bound }
	case ">":
		match = func(n int64) bool { return n > bound }
	default:
		match = func(n int64) bool { return n >= bound }
	}
	return match, bound, nil
}
