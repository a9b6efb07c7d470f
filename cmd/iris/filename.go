package main

import (
	"runtime"
	"strings"
)

// checkName refuses a name for a file that the operating system takes for something else.
func checkName(path string) error {
	if runtime.GOOS != "windows" {
		return nil
	}
	if why := windowsName(path); why != "" {
		return usage("bad_name: %s", why)
	}
	return nil
}

// windowsName says why Windows would not make a file of that name, or would make another
// one; empty where it makes it. After "Naming Files, Paths, and Namespaces" of Microsoft's
// documentation: devices have their names in every folder and with every ending, dots and
// spaces at the end are cut off, and what follows a colon is a stream of another file.
func windowsName(path string) string {
	base := path[strings.LastIndexAny(path, `\/`)+1:]
	if len(base) >= 2 && base[1] == ':' && len(base) == len(path) {
		base = base[2:] // C:model.stl is a file in the current folder of a drive
	}
	stem, _, _ := strings.Cut(base, ".")
	switch stem = strings.ToUpper(strings.TrimRight(stem, " ")); {
	case base == "" || base == "." || base == "..":
		return "" // a folder, which is refused as such
	case isDevice(stem):
		return stem + " is a device of Windows, with every ending: choose another name"
	case strings.HasSuffix(base, ".") || strings.HasSuffix(base, " "):
		return "Windows cuts off dots and spaces at the end of a name: leave them out"
	}
	for _, c := range base {
		if c < ' ' || strings.ContainsRune(`<>:"|?*`, c) {
			return "Windows takes none of < > : \" | ? * and no control characters in a name: leave them out"
		}
	}
	return ""
}

// isDevice says whether an upper-case name is one of a device.
func isDevice(name string) bool {
	switch name {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if number, ok := strings.CutPrefix(name, port); ok {
			return len([]rune(number)) == 1 && strings.Contains("0123456789¹²³", number)
		}
	}
	return false
}
