package main

import (
	"strings"
	"testing"
)

const events = `{"Action":"output","Package":"github.com/iris-oculus/iris/a","Test":"TestOne","Output":"no cases\n"}
{"Action":"skip","Package":"github.com/iris-oculus/iris/a","Test":"TestOne"}
{"Action":"skip","Package":"github.com/iris-oculus/iris/a","Test":"TestOne/sub"}
{"Action":"skip","Package":"github.com/iris-oculus/iris/b"}
{"Action":"output","Package":"github.com/iris-oculus/iris/a","Test":"TestTwo","Output":"it is wrong\n"}
{"Action":"fail","Package":"github.com/iris-oculus/iris/a","Test":"TestTwo"}
go: some words
{"Action":"output","Package":"github.com/iris-oculus/iris/a","Test":"TestThree","Output":"fatal error: it ended here\n"}
{"Action":"output","Package":"github.com/iris-oculus/iris/c","Test":"TestThree","Output":"of another package\n"}
{"Action":"fail","Package":"github.com/iris-oculus/iris/a"}
{"Action":"output","Package":"github.com/iris-oculus/iris/a","Output":"FAIL\tgithub.com/iris-oculus/iris/a\n"}
`

func TestOnlyListedSkipsPass(t *testing.T) {
	for list, want := range map[string]int{
		"":                                       2,
		"# nothing\n\na TestOne because\n":       1,
		"a TestOne(/.*)? because\n":              0,
		"b TestOne(/.*)? of another package\n":   2,
		"a Test because of a part of its name\n": 2,
	} {
		skips, err := parse(list)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		got, err := follow(strings.NewReader(events), &out, skips)
		if err != nil || got != want {
			t.Errorf("%q: %d unlisted, want %d: %v", list, got, want, err)
		}
		for _, words := range []string{"it is wrong", "go: some words", "fatal error: it ended here", "FAIL\t"} {
			if !strings.Contains(out.String(), words) {
				t.Errorf("%q is not printed: %s", words, out.String())
			}
		}
		if strings.Contains(out.String(), "of another package") {
			t.Errorf("the words of a test that did not fail: %s", out.String())
		}
		if want > 0 != strings.Contains(out.String(), "no cases") && want == 2 {
			t.Errorf("the reason of a skip: %s", out.String())
		}
	}
	for _, list := range []string{"a TestOne\n", "a ( because\n"} {
		if _, err := parse(list); err == nil {
			t.Errorf("%q was taken", list)
		}
	}
}

func TestTheListIsRead(t *testing.T) {
	if skips, err := parse(list); err != nil || len(skips) == 0 {
		t.Error(len(skips), err)
	}
}
