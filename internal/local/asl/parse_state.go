package asl

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// machine takes StartAt and States. outer is the scope that contains it.
func (p *parser) machine(f *fields, outer *scope, depth int) *Machine {
	m := &Machine{StartAt: f.text("StartAt", ""), States: map[string]*State{}}
	raw := f.take("States")
	if raw == nil {
		p.add(f.at("States"), "States is missing")
		return m
	}
	if depth > maxNesting {
		p.add(f.at("States"), "more than %d machines within each other", maxNesting)
		return m
	}
	states := p.open(f.at("States"), raw)
	scope := &scope{outer: outer, names: map[string]bool{}}
	var nested []func()
	for _, name := range slices.Sorted(maps.Keys(states.values)) {
		sf := p.open(states.at(name), states.values[name])
		if n := utf8.RuneCountInString(name); n == 0 || n > maxName {
			p.add(sf.place, "a state's name has %d characters: want 1 to %d", n, maxName)
		}
		if before, ok := p.named[name]; ok {
			p.add(sf.place, "the state's name is used at %s too", before)
		}
		p.named[name] = sf.place
		sf.language = sf.text("QueryLanguage", f.language)
		if sf.language != "JSONata" {
			p.add(sf.place, "the state %q is in %s: only JSONata is supported", name, sf.language)
			continue
		}
		var inner func()
		m.States[name], inner = p.state(name, sf, scope, depth)
		nested = append(nested, inner)
	}
	// Inner machines come last: their variables must not be named as any of this scope.
	for _, inner := range nested {
		inner()
	}
	p.targets(m, f.place)
	return m
}

// targets checks that every transition leads to a state of the same machine.
func (p *parser) targets(m *Machine, place string) {
	check := func(target, from string) {
		if _, ok := p.named[target]; target != "" && m.States[target] == nil && !ok {
			p.add(from, "there is no state %.100q", target)
		} else if ok && target != "" && m.States[target] == nil && p.named[target] != place+"/States/"+target {
			p.add(from, "the state %.100q is not in the same States", target)
		}
	}
	if m.StartAt == "" {
		p.add(place+"/StartAt", "StartAt is missing")
	}
	check(m.StartAt, place+"/StartAt")
	for _, name := range slices.Sorted(maps.Keys(m.States)) {
		s, at := m.States[name], place+"/States/"+name
		check(s.Next, at+"/Next")
		for _, c := range s.Catch {
			check(c.Next, at+"/Catch")
		}
		for _, r := range s.Choices {
			check(r.Next, at+"/Choices")
		}
	}
}

// state takes one state's fields. inner parses the machines inside it.
func (p *parser) state(name string, f *fields, scope *scope, depth int) (s *State, inner func()) {
	s = &State{Name: name, Type: f.text("Type", "")}
	inner = func() {}
	f.text("Comment", "")
	if s.Type != Fail {
		s.Output = f.template("Output")
	}
	if s.Type != Fail && s.Type != Succeed {
		s.Assign = f.assignments(scope, true)
	}
	switch s.Type {
	case Pass, Succeed:
	case Task:
		p.task(s, f)
	case Choice:
		p.choice(s, f, scope)
	case Wait:
		s.Seconds, s.Timestamp = f.bounded("Seconds", 0, maxSeconds), f.typed("Timestamp", "string")
		if (s.Seconds == nil) == (s.Timestamp == nil) {
			p.add(f.place, "want exactly one of Seconds and Timestamp")
		}
		if t := s.Timestamp; t != nil && t.node.literal != nil {
			if _, err := parseTimestamp(t.node.literal); err != nil {
				p.add(f.at("Timestamp"), "%v", err)
			}
		}
	case Fail:
		s.Error, s.Cause = f.typed("Error", "string"), f.typed("Cause", "string")
	case Parallel:
		s.Arguments = f.template("Arguments")
		inner = p.branches(s, f, scope, depth)
	case Map:
		inner = p.processor(s, f, scope, depth)
	case "":
		p.add(f.place, "Type is missing")
		return s, inner
	default:
		p.add(f.at("Type"), "the state type %.100q is not supported", s.Type)
		return s, inner
	}
	if s.Type == Task || s.Type == Parallel || s.Type == Map {
		s.Retry, s.Catch = p.retriers(f), p.catchers(f, scope)
	}
	p.transition(s, f)
	f.close()
	return s, inner
}

// transition takes Next and End where the type has them.
func (p *parser) transition(s *State, f *fields) {
	switch s.Type {
	case Choice:
		s.Next = f.text("Default", "")
		return
	case Succeed, Fail:
		return
	}
	end := false
	if raw := f.take("End"); raw != nil {
		if err := json.Unmarshal(raw, &end); err != nil {
			p.add(f.at("End"), "want true or false")
		}
	}
	s.Next = f.text("Next", "")
	if end == (s.Next != "") {
		p.add(f.place, "want exactly one of Next and End")
	}
}

func (p *parser) task(s *State, f *fields) {
	arn := f.text("Resource", "")
	switch kind := strings.SplitN(arn, ":", 6); {
	case strings.HasPrefix(arn, "arn:") && strings.HasSuffix(arn, ":states:::lambda:invoke"):
	case strings.HasPrefix(arn, "arn:") && strings.HasSuffix(arn, ":states:::lambda:invoke.waitForTaskToken"):
		s.Resource.callback = true
	case len(kind) == 6 && kind[0] == "arn" && kind[2] == "lambda" && strings.HasPrefix(kind[5], "function:"):
		s.Resource.function = arn
	case arn == "":
		p.add(f.at("Resource"), "Resource is missing")
	default:
		p.add(f.at("Resource"), "the resource %.200q is not supported", arn)
	}
	s.Arguments = f.template("Arguments")
	if s.Resource.function == "" {
		p.invokeArguments(s.Arguments, f.at("Arguments"))
	}
	s.Timeout, s.Heartbeat = f.bounded("TimeoutSeconds", 1, maxSeconds), f.bounded("HeartbeatSeconds", 1, maxSeconds)
	if s.Timeout != nil && s.Heartbeat != nil && s.Timeout.node.literal != nil && s.Heartbeat.node.literal != nil {
		timeout, _ := s.Timeout.node.literalNumber()
		heartbeat, _ := s.Heartbeat.node.literalNumber()
		if heartbeat >= timeout {
			p.add(f.at("HeartbeatSeconds"), "%v: want less than TimeoutSeconds, %v", heartbeat, timeout)
		}
	}
}

// invokeArguments checks what can be known of lambda:invoke's arguments before
// they are evaluated.
func (p *parser) invokeArguments(t *Template, place string) {
	if t == nil || (t.node.literal == nil && t.node.keys == nil) {
		return // the state's input, or an expression
	}
	names, values := t.node.keys, map[string]string{}
	if t.node.literal != nil {
		members, err := membersOf(t.node.literal)
		if err != nil {
			p.add(place, "want an object with FunctionName")
			return
		}
		for _, m := range members {
			names = append(names, m.key)
			values[m.key] = string(m.value)
		}
	}
	for i, name := range names {
		if t.node.keys != nil {
			values[name] = string(t.node.items[i].literal)
		}
		switch {
		case name == "FunctionName" || name == "Payload":
		case name == "InvocationType" && values[name] == `"RequestResponse"`:
		default:
			p.add(place+"/"+name, "the argument %.100q of lambda:invoke is not supported", name)
		}
	}
	if !slices.Contains(names, "FunctionName") {
		p.add(place, "the argument FunctionName of lambda:invoke is missing")
	}
}

func (p *parser) choice(s *State, f *fields, scope *scope) {
	for _, rule := range p.list(f, "Choices", true) {
		r := Rule{Condition: rule.typed("Condition", "boolean"), Next: rule.text("Next", ""), Output: rule.template("Output"), Assign: rule.assignments(scope, true)}
		rule.text("Comment", "")
		if r.Condition == nil {
			p.add(rule.place, "Condition is missing")
		}
		if r.Next == "" {
			p.add(rule.place, "Next is missing")
		}
		rule.close()
		s.Choices = append(s.Choices, r)
	}
}

// list takes a member that is an array of objects.
func (p *parser) list(f *fields, name string, needed bool) []*fields {
	raw := f.take(name)
	var items []json.RawMessage
	if raw != nil {
		if err := json.Unmarshal(raw, &items); err != nil {
			p.add(f.at(name), "want an array")
			return nil
		}
	}
	if len(items) == 0 && (needed || raw != nil) {
		p.add(f.at(name), "%s is missing or empty", name)
	}
	var list []*fields
	for i, item := range items {
		inner := p.open(f.at(name)+"["+strconv.Itoa(i)+"]", item)
		inner.language = f.language
		list = append(list, inner)
	}
	return list
}

func (p *parser) branches(s *State, f *fields, scope *scope, depth int) func() {
	list := p.list(f, "Branches", true)
	return func() {
		for _, b := range list {
			b.language = b.text("QueryLanguage", b.language)
			s.Branches = append(s.Branches, p.machine(b, scope, depth+1))
			b.text("Comment", "")
			b.close()
		}
	}
}

func (p *parser) processor(s *State, f *fields, scope *scope, depth int) func() {
	s.Items, s.ItemSelector = f.typed("Items", "array"), f.template("ItemSelector")
	s.MaxConcurrency = f.bounded("MaxConcurrency", 0, maxSeconds)
	s.ToleratedCount = f.bounded("ToleratedFailureCount", 0, maxSeconds)
	s.ToleratedPercentage = f.typed("ToleratedFailurePercentage", "number")
	raw := f.take("ItemProcessor")
	if raw == nil {
		p.add(f.at("ItemProcessor"), "ItemProcessor is missing")
		return func() {}
	}
	inner := p.open(f.at("ItemProcessor"), raw)
	inner.language = inner.text("QueryLanguage", f.language)
	if config := inner.take("ProcessorConfig"); config != nil {
		c := p.open(inner.at("ProcessorConfig"), config)
		if mode := c.text("Mode", "INLINE"); mode != "INLINE" {
			p.add(c.at("Mode"), "the Map mode %.100q is not supported: only INLINE is", mode)
			c.text("ExecutionType", "")
		}
		c.close()
	}
	return func() {
		s.Branches = []*Machine{p.machine(inner, scope, depth+1)}
		inner.text("Comment", "")
		inner.close()
	}
}

func (p *parser) retriers(f *fields) []Retrier {
	var list []Retrier
	items := p.list(f, "Retry", false)
	for i, r := range items {
		retrier := Retrier{
			Errors:      p.errorEquals(r, i == len(items)-1),
			Interval:    r.seconds("IntervalSeconds", 1, maxSeconds, 1),
			Backoff:     r.number("BackoffRate", 1, 1e6, 2, false),
			MaxAttempts: int(r.number("MaxAttempts", 0, maxSeconds, 3, true)),
			MaxDelay:    r.seconds("MaxDelaySeconds", 1, 31622400, 0),
		}
		switch strategy := r.text("JitterStrategy", "NONE"); strategy {
		case "FULL":
			retrier.Jitter = true
		case "NONE":
		default:
			p.add(r.at("JitterStrategy"), "%.100q: want FULL or NONE", strategy)
		}
		if retrier.MaxDelay != 0 && retrier.MaxDelay <= retrier.Interval {
			p.add(r.at("MaxDelaySeconds"), "%v: want more than IntervalSeconds, %v", retrier.MaxDelay, retrier.Interval)
		}
		r.text("Comment", "")
		r.close()
		list = append(list, retrier)
	}
	return list
}

func (p *parser) catchers(f *fields, scope *scope) []Catcher {
	var list []Catcher
	items := p.list(f, "Catch", false)
	for i, c := range items {
		catcher := Catcher{Errors: p.errorEquals(c, i == len(items)-1), Next: c.text("Next", ""), Output: c.template("Output"), Assign: c.assignments(scope, false)}
		if catcher.Next == "" {
			p.add(c.place, "Next is missing")
		}
		c.text("Comment", "")
		c.close()
		list = append(list, catcher)
	}
	return list
}

// errorEquals takes the names; States.ALL stands alone in the last entry.
func (p *parser) errorEquals(f *fields, last bool) []string {
	var names []string
	if raw := f.take("ErrorEquals"); json.Unmarshal(orNull(raw), &names) != nil || len(names) == 0 {
		p.add(f.at("ErrorEquals"), "want an array of error names")
	}
	if slices.Contains(names, errAll) && (len(names) > 1 || !last) {
		p.add(f.at("ErrorEquals"), "States.ALL stands alone and in the last entry only")
	}
	return names
}

func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// parseTimestamp reads the JSON text of an ISO-8601 extended offset date-time.
func parseTimestamp(text json.RawMessage) (time.Time, error) {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return time.Time{}, err
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, &timestampError{s}
}

type timestampError struct{ text string }

func (e *timestampError) Error() string {
	return "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: " + e.text
}
