package asl

import (
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf16"

	"github.com/dop251/goja"
	javascript "github.com/dop251/goja/parser"
)

// Bounds of a regular expression.
const (
	maxPattern      = 1000  // characters
	maxInstructions = 10000 // of the compiled pattern: repetitions are unrolled
)

// pattern is a compiled regular expression of JavaScript. Go's engine takes a time
// that is linear in the text, whatever the pattern.
type pattern struct {
	first  *regexp.Regexp // searches from a text's beginning
	inside *regexp.Regexp // searches after the first character, which is context only
	each   int64          // steps that one character of the text counts
}

// checkPattern says what is wrong with a pattern; the empty text: nothing.
func (m *machine) checkPattern(source, flags string) string {
	if _, err := m.patternOf(source, flags); err != nil {
		return err.Error()
	}
	return ""
}

// patternOf compiles a pattern, or finds it compiled before.
func (m *machine) patternOf(source, flags string) (*pattern, error) {
	m.take(int64(len(source))) // the same whether it is compiled or found
	key := flags + "/" + source
	if p := m.patterns[key]; p != nil {
		return p, nil
	}
	p, err := compilePattern(source, flags)
	if err != nil {
		return nil, err
	}
	if len(m.patterns) >= maxCached {
		clear(m.patterns)
	}
	m.patterns[key] = p
	return p, nil
}

func compilePattern(source, flags string) (*pattern, error) {
	if n := len(source); n > maxPattern {
		return nil, fmt.Errorf("a regular expression of %d bytes: want at most %d", n, maxPattern)
	}
	translated, err := javascript.TransformRegExp(unitsOf(source), false, false)
	if err != nil {
		return nil, fmt.Errorf("the regular expression /%s/ is not supported: want one without lookaround and back-references (%w)", source, err)
	}
	group := "(" + translated + ")"
	modes := ""
	for _, flag := range flags {
		if flag == 'i' || flag == 'm' {
			modes += string(flag)
		}
	}
	if modes != "" {
		group = "((?" + modes + ":" + translated + "))"
	}
	tree, err := syntax.Parse(group, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("the regular expression /%s/: %w", source, err)
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, fmt.Errorf("the regular expression /%s/: %w", source, err)
	}
	if n := len(program.Inst); n > maxInstructions {
		return nil, fmt.Errorf("the regular expression /%s/ has %d instructions once its repetitions are unrolled: want at most %d", source, n, maxInstructions)
	}
	p := &pattern{each: 1 + int64(len(program.Inst))*int64(4+program.NumCap)/64}
	if p.first, err = regexp.Compile(group); err == nil {
		p.inside, err = regexp.Compile(`\A(?s:.)(?s:.*?)` + group)
	}
	return p, err
}

// unitsOf writes characters beyond 16 bits as the two units that JavaScript
// matches.
func unitsOf(source string) string {
	var out strings.Builder
	for _, r := range source {
		if high, low := utf16.EncodeRune(r); r > 0xffff {
			fmt.Fprintf(&out, `\u%04X\u%04X`, high, low)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// find searches text from a position on and returns the positions of the match
// and its groups, null when there is none; -1 is a group that took no part.
func (m *machine) find(source, flags string, text goja.Value, from int) goja.Value {
	p, err := m.patternOf(source, flags)
	if err != nil {
		panic(m.vm.NewGoError(err)) // checked when the expression was parsed
	}
	units, ok := text.ToString().(goja.String)
	if !ok || from < 0 || from > units.Length() {
		return goja.Null()
	}
	matcher, begin := p.first, 0
	if from > 0 {
		matcher, begin = p.inside, from-1
	}
	m.take(p.each)
	at := matcher.FindReaderSubmatchIndex(&unitReader{units, begin, func() bool { return m.take(p.each) }})
	if at == nil {
		return goja.Null()
	}
	positions := make([]any, 0, len(at))
	for _, i := range at[2:] { // the first two are those of the whole search
		if i >= 0 {
			i += begin
		}
		positions = append(positions, i)
	}
	return m.vm.NewArray(positions...)
}

// unitReader gives a text's 16-bit units one by one, as long as it may.
type unitReader struct {
	text goja.String
	at   int
	may  func() bool
}

func (r *unitReader) ReadRune() (rune, int, error) {
	if r.at >= r.text.Length() || !r.may() {
		return 0, 0, io.EOF
	}
	r.at++
	return rune(r.text.CharAt(r.at - 1)), 1, nil
}
