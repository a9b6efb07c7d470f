package web

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed serving.json
var servingJSON []byte

// serving is serving.json: Vite and the files for Amplify are made of the same one.
var serving = func() (s struct {
	API     []string          // what the API answers, and everything below it
	Pages   []string          // the addresses of the page itself
	Headers map[string]string // of every answer
	Caching struct{ Assets, Others string }
}) {
	if err := json.Unmarshal(servingJSON, &s); err != nil {
		panic("web/serving.json: " + err.Error()) // it is embedded: a test reads it
	}
	return s
}()

// IsAPI says whether an address is the API's. All others are the page's.
func IsAPI(address string) bool {
	return slices.ContainsFunc(serving.API, func(root string) bool {
		return address == root || strings.HasPrefix(address, root+"/")
	})
}

// isPage says whether index.html shows something at an address.
func isPage(address string) bool {
	if address != "/" {
		address = strings.TrimSuffix(address, "/")
	}
	return slices.ContainsFunc(serving.Pages, func(pattern string) bool {
		ok, err := path.Match(pattern, address)
		return ok && err == nil
	})
}

// protect sets the headers of every answer. Origins are those beside the page's own from
// which it may fetch.
func protect(h http.Header, origins []string) {
	for name, value := range serving.Headers {
		h.Set(name, strings.ReplaceAll(value, " {origins}", strings.Join(append([]string{""}, origins...), " ")))
	}
}
