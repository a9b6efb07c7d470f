package archive

import (
	"crypto/sha256"
	"path"
	"strings"

	"github.com/iris-oculus/iris/internal/volume/drop"
)

// names holds digests of the names in an archive, so that a walk can tell the links
// whose file is in the archive from those that lead nowhere. Names are only compared
// with each other, never opened.
type names struct {
	known map[digest]bool // files that were visited, and their folders
	links []link
}

type digest [sha256.Size]byte

// link is an entry that stands for another.
type link struct {
	ending       string
	name, target digest
	lost         bool // its target cannot be the name of an entry
}

// longestPath is the longest path that systems allow, and longestTarget bounds the
// bytes that are read of a link.
const (
	longestPath    = 4096
	longestTarget  = 1024
	deepestFolder  = 64 // folders of one file that are remembered
	longestChain   = 8  // links to links that are followed
	currentFolder  = "."
	outsideArchive = "../"
)

func key(name string) digest { return sha256.Sum256([]byte(name)) }

// clean is the one form of all ways to write a name, and "" for a name that leads out
// of the archive.
func clean(name string) string {
	if len(name) > longestPath {
		return ""
	}
	name = path.Clean(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
	if name == currentFolder || name == ".." || strings.HasPrefix(name, outsideArchive) {
		return ""
	}
	return name
}

// file notes a file that was visited.
func (n *names) file(name string) {
	if n.known == nil {
		n.known = map[digest]bool{}
	}
	name = clean(name)
	for range deepestFolder {
		if name == "" || name == currentFolder || n.known[key(name)] {
			return
		}
		n.known[key(name)] = true
		name = path.Dir(name)
	}
}

// link notes a link. The target of a symbolic link starts at the link's own folder,
// that of a hard link at the archive's root. Links that are litter by their names are
// left out, as files are.
func (n *names) link(name, target string, symbolic bool) {
	if drop.Litter(name) {
		return
	}
	l := link{ending: drop.Ending(name), name: key(clean(name))}
	if symbolic && !strings.HasPrefix(target, "/") && clean(name) != "" {
		target = path.Dir(clean(name)) + "/" + target
	}
	if target = clean(target); target == "" || len(target) > longestTarget {
		l.lost = true
	}
	l.target = key(target)
	n.links = append(n.links, l)
}

// dangling are the links to files that were not visited, in order of the archive.
func (n *names) dangling() []drop.File {
	to := map[digest]digest{}
	for _, l := range n.links {
		if !l.lost {
			to[l.name] = l.target
		}
	}
	var out []drop.File
	for _, l := range n.links {
		at, found := l.target, !l.lost && n.known[l.target]
		for hop := 0; hop < longestChain && !found && !l.lost; hop++ {
			next, ok := to[at]
			if !ok {
				break
			}
			at, found = next, n.known[next]
		}
		if !found {
			out = append(out, drop.File{Index: -1, Ending: l.ending, Dangling: true, Body: strings.NewReader("")})
		}
	}
	return out
}
