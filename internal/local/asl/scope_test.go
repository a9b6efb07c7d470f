package asl

import (
	"strings"
	"testing"
)

// TestScopes: a variable that a Catch assigns and one of the same name inside a
// branch or an iteration are two variables. Each is seen in its own scope only.
func TestScopes(t *testing.T) {
	e := engine(t)
	// A branch that assigns v, sees it and then fails with it.
	branch := `"StartAt":"In","States":{"In":{"Type":"Pass","Assign":{"v":"inner"},"Next":"Seen"},"Seen":{"Type":"Fail","Error":"{% $v %}"}}`
	catch := `"Catch":[{"ErrorEquals":["States.ALL"],"Assign":{"v":"{% 'outer after ' & $states.errorOutput.Error %}"},"Next":"Out"}]`
	out := `"Out":{"Type":"Pass","Output":"{% $v %}","End":true}`
	rename := func(states string) string {
		return strings.NewReplacer(`"In"`, `"In2"`, `"Seen"`, `"Seen2"`, `"Out"`, `"Out2"`).Replace(states)
	}
	for _, tc := range []struct{ name, states, want string }{
		{"parallel", `"P":{"Type":"Parallel","Branches":[{` + branch + `}],` + catch + `,"End":true},` + out, `"outer after inner"`},
		{"map", `"M":{"Type":"Map","Items":[1,2],"ItemProcessor":{` + branch + `},` + catch + `,"End":true},` + out, `"outer after inner"`},
		{"parallel within a parallel", `"P":{"Type":"Parallel","Branches":[{"StartAt":"Q","States":{"Q":{"Type":"Parallel","Branches":[{` + branch + `}],` + catch + `,"End":true},` + out + `}}],` +
			`"Catch":[{"ErrorEquals":["States.ALL"],"Assign":{"v":1},"Next":"Never"}],"End":true},"Never":{"Type":"Fail"}`, `["outer after inner"]`},
		{"both within each other fail", `"P":{"Type":"Parallel","Branches":[{"StartAt":"Q","States":{"Q":{"Type":"Parallel","Branches":[{` + rename(branch) + `}],` +
			`"Catch":[{"ErrorEquals":["States.ALL"],"Assign":{"v":"{% 'middle after ' & $states.errorOutput.Error %}"},"Next":"Again"}],"End":true},"Again":{"Type":"Fail","Error":"{% $v %}"}}}],` + catch + `,"End":true},` + out,
			`"outer after middle after inner"`},
		{"a task's catch before", `"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f"},"Catch":[{"ErrorEquals":["States.ALL"],"Assign":{"v":"outer"},"Next":"P"}],"End":true},` +
			`"P":{"Type":"Parallel","Branches":[{"StartAt":"In","States":{"In":{"Type":"Pass","Assign":{"v":"{% $v & ', inner' %}"},"Next":"Seen"},"Seen":{"Type":"Pass","Output":"{% $v %}","End":true}}}],"Output":{"inner":"{% $states.result[0] %}","outer":"{% $v %}"},"End":true}`,
			`{"inner":"outer, inner","outer":"outer"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			first := tc.states[1:2]
			m := parse(t, e, `{"QueryLanguage":"JSONata","StartAt":"`+first+`","States":{`+tc.states+`}}`)
			p := play(t, e, m, "{}", func(*world, Call) Reply { return thrown("X") })
			if string(p.end.Output) != tc.want {
				t.Errorf("%s %s: %s: want %s", p.end.Status, p.end.Cause, p.end.Output, tc.want)
			}
		})
	}
}
