// Package page writes a measured table into a page of docs. In: the page, the mark of the
// table, and the table. Out: the page with the table between that mark's comments.
package page

import (
	"fmt"
	"os"
	"strings"
)

// Replace puts text between the page's comments "mark: begin" and "mark: end". A page
// without them is left alone, and an error.
func Replace(path, mark, text string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- "+mark+": begin -->\n", "<!-- "+mark+": end -->\n"
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no %q and %q", path, begin, end)
	}
	return os.WriteFile(path, []byte(before+begin+text+end+after), 0o644)
}
