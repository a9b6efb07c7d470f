package scene

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/iris-oculus/iris/internal/surface"
)

// A label table brings names in any script and of any content. Every format keeps
// the letters that it can hold; where one cannot, the label's number stands for
// them. Names of one file differ, also for a system that takes upper and lower
// case, or composed and decomposed letters, as one.

// Names are the surfaces' names made fit for any format that quotes its text:
// valid UTF-8 on one line.
func Names(surfaces []surface.Surface) []string {
	return unique(surfaces, func(name string, _ int) string { return name })
}

// FileNames are Names without what a file system refuses: separators, wildcards
// and quotes, dots at either end, and the names that Windows keeps for devices.
func FileNames(surfaces []surface.Surface) []string {
	return unique(surfaces, func(name string, id int) string {
		name = strings.Map(func(r rune) rune {
			if strings.ContainsRune(`/\:*?"<>|`, r) {
				return '_'
			}
			return r
		}, name)
		name = strings.TrimRight(strings.TrimLeft(name, ". "), ". ")
		base, _, _ := strings.Cut(name, ".")
		if slices.Contains(devices, strings.ToUpper(strings.TrimSpace(base))) {
			name = fmt.Sprintf("label_%d_%s", id, name)
		}
		return name
	})
}

// devices cannot be file names on Windows, whatever their ending.
var devices = []string{
	"CON", "PRN", "AUX", "NUL",
	"COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9",
	"LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
}

// Words are Names as one word of a line of text: no blanks, and nothing that OBJ
// takes for a comment, a continued line or a path.
func Words(surfaces []surface.Surface) []string {
	return unique(surfaces, func(name string, _ int) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) || strings.ContainsRune(`#\/"'`, r) {
				return '_'
			}
			return r
		}, name)
	})
}

// Identifiers are Names reduced to ASCII letters, digits and underscore, not
// starting with a digit, as every version of USD reads them. A name that lost
// letters of another script has its label's number instead.
func Identifiers(surfaces []surface.Surface) []string {
	return unique(surfaces, func(name string, id int) string {
		lost := false
		name = strings.Map(func(r rune) rune {
			switch {
			case r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
				return r
			case r >= utf8.RuneSelf:
				lost = true
			}
			return '_'
		}, name)
		switch {
		case lost && strings.Trim(name, "_") == "":
			return fmt.Sprintf("label_%d", id)
		case lost:
			name = fmt.Sprintf("%s_%d", name, id)
		}
		if name != "" && name[0] >= '0' && name[0] <= '9' {
			name = "_" + name
		}
		return name
	})
}

// maxName bounds a name that a label table brought, in bytes. A file system takes
// 255 with its ending and what makes it unique.
const maxName = 128

// oneLine keeps a name's printing characters, composed. What would break a line,
// end a text, or turn the direction of writing so that a name reads as another,
// becomes an underscore.
func oneLine(name string) string {
	if len(name) > maxName {
		end := maxName
		for end > maxName-utf8.UTFMax && !utf8.RuneStart(name[end]) {
			end--
		}
		name = name[:end]
	}
	name = norm.NFC.String(strings.ToValidUTF8(name, "_"))
	const joiners = "\u200c\u200d" // Persian and Indic scripts spell with them
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && !strings.ContainsRune(joiners, r) ||
			unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point) {
			return '_'
		}
		return r
	}, name)
}

// unique reduces the names as a format wants them and makes them differ: a name
// already taken gets its label's number, then a counter.
func unique(surfaces []surface.Surface, reduce func(name string, id int) string) []string {
	names := make([]string, len(surfaces))
	taken := make(map[string]bool, len(names))
	key := func(name string) string { return norm.NFKC.String(strings.ToLower(name)) }
	for i := range surfaces {
		id := surfaces[i].Label.ID
		name := reduce(oneLine(surfaces[i].Label.Name), id)
		if strings.TrimSpace(name) == "" {
			name = fmt.Sprintf("label_%d", id)
		} else if taken[key(name)] {
			name = fmt.Sprintf("%s_%d", name, id)
		}
		for base, n := name, 2; taken[key(name)]; n++ {
			name = fmt.Sprintf("%s_%d", base, n)
		}
		taken[key(name)] = true
		names[i] = name
	}
	return names
}
