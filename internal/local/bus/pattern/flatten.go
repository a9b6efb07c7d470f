package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// kind of a leaf's value.
type kind int

const (
	isString kind = iota
	isNumber
	isLiteral // true, false, null
)

// leaf is one value of an event that is neither an object nor an array. An
// empty object or array has no leaf: for "exists" it is not there.
type leaf struct {
	kind   kind
	text   string // the string, or the literal as written
	number int64  // millionths, when comparable
	inside bool   // the number lies within ±maxNumber
	within []element
}

// element says that a leaf lies in element index of an array; arrays are
// numbered in the order in which they are met.
type element struct{ array, index int }

// maxNumber bounds the numbers that are compared by value; AWS compares them
// with six digits to the right of the decimal point.
const (
	maxNumber = 5e9
	millionth = 1e6
)

// millionths turns a JSON number into millionths, false beyond ±maxNumber.
func millionths(text string) (int64, bool) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < -maxNumber || f > maxNumber {
		return 0, false
	}
	if f < 0 {
		return int64(f*millionth - 0.5), true
	}
	return int64(f*millionth + 0.5), true
}

// flattener turns an event into leaves by path. It reads tokens, not a tree, so
// memory follows the event's bytes and the nesting is bounded.
type flattener struct {
	decoder *json.Decoder
	leaves  map[string][]leaf
	arrays  int
}

func flatten(event []byte) (map[string][]leaf, error) {
	f := flattener{decoder: json.NewDecoder(bytes.NewReader(event)), leaves: map[string][]leaf{}}
	f.decoder.UseNumber()
	first, err := f.decoder.Token()
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	if first != json.Delim('{') {
		return nil, errors.New("read event: not a JSON object")
	}
	if err := f.object("", nil, 1); err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	if _, err := f.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read event: text after the JSON object")
	}
	return f.leaves, nil
}

func (f *flattener) object(path string, within []element, depth int) error {
	for f.decoder.More() {
		key, err := f.decoder.Token()
		if err != nil {
			return err
		}
		name, ok := key.(string)
		if !ok {
			return errors.New("an object's key is not a string")
		}
		if err := f.value(join(path, name), within, depth); err != nil {
			return err
		}
	}
	_, err := f.decoder.Token()
	return err
}

func (f *flattener) array(path string, within []element, depth int) error {
	f.arrays++
	array := f.arrays
	for index := 0; f.decoder.More(); index++ {
		inside := append(within[:len(within):len(within)], element{array, index})
		if err := f.value(path, inside, depth); err != nil {
			return err
		}
	}
	_, err := f.decoder.Token()
	return err
}

func (f *flattener) value(path string, within []element, depth int) error {
	token, err := f.decoder.Token()
	if err != nil {
		return err
	}
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	l := leaf{within: within}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return f.object(path, within, depth+1)
		}
		return f.array(path, within, depth+1)
	case string:
		l.kind, l.text = isString, v
	case json.Number:
		l.kind, l.text = isNumber, v.String()
		l.number, l.inside = millionths(l.text)
	case bool:
		l.kind, l.text = isLiteral, strconv.FormatBool(v)
	default:
		l.kind, l.text = isLiteral, "null"
	}
	f.leaves[path] = append(f.leaves[path], l)
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
