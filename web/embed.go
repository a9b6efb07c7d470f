// Package web is the page as one machine serves it. In: what web/scripts/pack.mjs wrote,
// embedded in the binary, and the origins beside its own that the page talks to. Out: an
// http.Handler. Nothing of the page is secret; what it shows comes from the API.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// packed holds every file of the page in gzip, with .gz behind its name. In a checkout
// whose page was not built it holds a .gitkeep only.
//
//go:embed all:packed
var packed embed.FS

// file is one of the page's, under its address.
type file struct {
	kind   string // media type
	etag   string // of the packed bytes, without quotes
	zipped []byte
}

// kinds are the media types of what the build writes. Those that the system knows differ
// from machine to machine, and a browser takes no script of a wrong type.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8", ".webp": "image/webp",
	".wasm": "application/wasm", ".webmanifest": "application/manifest+json", ".woff2": "font/woff2",
}

// read finds the files under root by their addresses; none when the page was not built.
func read(all fs.FS, root string) (map[string]file, error) {
	files := map[string]file{}
	err := fs.WalkDir(all, root, func(name string, d fs.DirEntry, err error) error {
		address, isFile := strings.CutSuffix(strings.TrimPrefix(name, root), ".gz")
		if err != nil || d.IsDir() || !isFile {
			return err
		}
		kind, known := kinds[path.Ext(address)]
		if !known {
			return fmt.Errorf("%s: the media type of %s files is not known", address, path.Ext(address))
		}
		zipped, err := fs.ReadFile(all, name)
		if err != nil {
			return err
		}
		files[address] = file{kind: kind, etag: digest(zipped), zipped: zipped}
		return nil
	})
	return files, err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}
