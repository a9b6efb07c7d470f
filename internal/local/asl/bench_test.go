package asl

import (
	"encoding/json"
	"testing"
)

func BenchmarkEvaluate(b *testing.B) {
	e := engine(b)
	states := json.RawMessage(`{"input":{"a":[1,2,3],"b":"x"},"context":{}}`)
	for _, expression := range []string{"$states.input.b = 'x'", "$sum($states.input.a)", "$count([1..1000].('0123456789'))"} {
		b.Run(expression, func(b *testing.B) {
			s := e.Session(states, nil)
			defer s.Close()
			for b.Loop() {
				if _, err := s.Evaluate(expression); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
