package header

import "testing"

func TestNumbers(t *testing.T) {
	cases := []struct {
		text string
		want [2]float64
		ok   bool
	}{
		{`1\2`, [2]float64{1, 2}, true},
		{` 1.50 \ -2e1 `, [2]float64{1.5, -20}, true},
		{"+0.25\\.5\x00", [2]float64{0.25, 0.5}, true},
		{`1\2\3`, [2]float64{}, false}, // more than are needed
		{`1\2\ `, [2]float64{1, 2}, true},
		{`1`, [2]float64{}, false},
		{`1\`, [2]float64{}, false},
		{`1,5\2,`, [2]float64{1.5, 2}, true}, // a comma for the decimal point
		{"1.5\x00\\\t2\r\n", [2]float64{1.5, 2}, true},
		{`1,234.5\2`, [2]float64{}, false},
		{`1,2,3\2`, [2]float64{}, false},
		{`0x1p-2\2`, [2]float64{}, false},
		{`1 2\3`, [2]float64{}, false},
		{`nan\1`, [2]float64{}, false},
		{`1\inf`, [2]float64{}, false},
		{`1e999\1`, [2]float64{}, false},
		{`one\two`, [2]float64{}, false},
	}
	for _, c := range cases {
		var got [2]float64
		ok := numbers(got[:], []byte(c.text))
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%q: %v %v, want %v %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

// What a frame leaves open is filled, what it says stays.
func TestFrameFill(t *testing.T) {
	h := Header{
		PerFrame: []Frame{{Slope: 0, Has: HasSlope}, {}},
		Shared:   Frame{Slope: 3, Intercept: 5, Has: HasSlope | HasIntercept},
		Root:     Frame{Intercept: 7, Spacing: [2]float64{1, 2}, Has: HasIntercept | HasSpacing},
	}
	if f := h.Frame(0); f.Slope != 1 || f.Intercept != 5 || f.Spacing != [2]float64{1, 2} {
		t.Errorf("a slope of 0 is none: %+v", f)
	}
	if f := h.Frame(1); f.Slope != 3 || f.Intercept != 5 {
		t.Errorf("shared before root: %+v", f)
	}
	if f := (&Header{}).Frame(7); f.Slope != 1 || f.Has != 0 {
		t.Errorf("nothing said: %+v", f)
	}
}

func TestImageType(t *testing.T) {
	for text, want := range map[string][2]bool{
		`ORIGINAL\PRIMARY\LOCALIZER`: {true, false}, `ORIGINAL\PRIMARY\AXIAL`: {}, `DERIVED\SECONDARY\NOT A LOCALIZER`: {},
		`ORIGINAL\PRIMARY\M\ND\MOSAIC `: {false, true}, "": {},
	} {
		var h Header
		h.set(tagImageType, []byte(text), newCursor(nil, 0))
		if got := [2]bool{h.Localizer, h.Mosaic}; got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
