package asl

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/fnv"
	"math/rand/v2"

	"github.com/dop251/goja"
	"github.com/google/uuid"
)

// bindNatives gives the library the browser's two Base64 functions, which
// $base64encode and $base64decode call.
func (m *machine) bindNatives() error {
	if err := m.vm.Set("window", m.vm.GlobalObject()); err != nil {
		return err
	}
	if err := m.vm.Set("btoa", func(text string) string {
		latin := make([]byte, 0, len(text))
		for _, r := range text {
			latin = append(latin, byte(r))
		}
		return base64.StdEncoding.EncodeToString(latin)
	}); err != nil {
		return err
	}
	return m.vm.Set("atob", func(text string) string {
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			panic(m.vm.NewTypeError("the text is not Base64"))
		}
		runes := make([]rune, len(data))
		for i, b := range data {
			runes[i] = rune(b)
		}
		return string(runes)
	})
}

// natives are what guard.js and bridge.js call: accounting, regular expressions,
// and what Step Functions adds to JSONata and JavaScript lacks.
func (m *machine) natives() *goja.Object {
	object := m.vm.NewObject()
	for name, function := range map[string]any{
		"charge": m.charge,
		"step":   func(n int64) { m.take(n) },
		"tooDeep": func(depth int64) {
			if depth > maxDepth {
				m.stop(errDepth)
			}
		},
		"pattern": m.checkPattern,
		"find":    m.find,
		"uuid":    uuid.NewString,
		"seeded":  seededRandom,
		"hash": func(text goja.Value, algorithm goja.Value) goja.Value {
			if goja.IsUndefined(text) {
				return goja.Undefined()
			}
			digest, ok := digests[algorithm.String()]
			if !ok {
				panic(m.vm.NewTypeError("$hash algorithm: want MD5, SHA-1, SHA-256, SHA-384 or SHA-512"))
			}
			m.take(int64(len(text.String())) / 64)
			sum := digest()
			_, _ = sum.Write([]byte(text.String())) // never fails
			return m.vm.ToValue(hex.EncodeToString(sum.Sum(nil)))
		},
	} {
		if err := object.Set(name, function); err != nil {
			panic(err) // a fresh object of ours takes any property
		}
	}
	return object
}

var digests = map[string]func() hash.Hash{
	"MD5": md5.New, "SHA-1": sha1.New, "SHA-256": sha256.New, "SHA-384": sha512.New384, "SHA-512": sha512.New,
}

// seededRandom is a number in [0, 1) that depends on the seed alone.
func seededRandom(seed goja.Value) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(seed.String())) // never fails
	return rand.New(rand.NewPCG(h.Sum64(), 0)).Float64()
}
