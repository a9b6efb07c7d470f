package main

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestNamesThatWindowsTakesForSomethingElse(t *testing.T) {
	for _, good := range []string{
		`model.stl`, `C:\scans\model.stl`, `C:model.stl`, `..\out\model.glb`, `//server/share/a b.3mf`, `\\?\C:\long\model.stl`,
		`console.stl`, `nulls.glb`, `COM10.stl`, `com.stl`, `LPT.glb`, `.stl`, `a.con`, `señora.stl`, `CON\model.stl`, `C:\`, `..`,
	} {
		if why := windowsName(good); why != "" {
			t.Errorf("%q is refused: %s", good, why)
		}
	}
	for bad, want := range map[string]string{
		`CON.stl`: "CON is a device", `out\nul`: "NUL is a device", `c:/x/Aux.tar.gz`: "AUX is a device", `com1.glb`: "COM1 is a device",
		`LPT¹.stl`: "LPT¹ is a device", `NUL .stl`: "NUL is a device", `conin$`: "CONIN$ is a device", `C:nul.glb`: "NUL is a device",
		`model.stl.`: "cuts off dots", `model.stl `: "cuts off dots", `model.`: "cuts off dots",
		`model:x.stl`: "takes none of", `a?.stl`: "takes none of", `a|b.stl`: "takes none of", "a\tb.stl": "takes none of", `C:\x\D:y.stl`: "takes none of",
	} {
		if why := windowsName(bad); !strings.Contains(why, want) {
			t.Errorf("%q: %q, want %q", bad, why, want)
		}
	}
	if err := checkName("nul.stl"); (err != nil) != (runtime.GOOS == "windows") {
		t.Errorf("nul.stl on %s: %v", runtime.GOOS, err)
	}
}

// The null device is a character device as terminals are, and nobody reads it.
func TestTerminals(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if got := terminalOf(null); got != noTerminal {
		t.Errorf("the null device is terminal %d", got)
	}
	if got := eraser(plainTerminal); strings.Contains(got, "\x1b") || !strings.HasPrefix(got, "\r ") || !strings.HasSuffix(got, " \r") || len(got) > 81 {
		t.Errorf("a plain console gets %q", got)
	}
	if eraser(noTerminal) != "" {
		t.Error("something is written to what is no terminal")
	}
}
