//go:build never

package examples

// ruleid: go-guessable-random
import "math/rand"

func examples() {
	// ruleid: go-server-without-header-timeout
	_ = &http.Server{Handler: h}
	// ok: go-server-without-header-timeout
	_ = &http.Server{Handler: h, ReadHeaderTimeout: t}
	// ruleid: go-default-http-client
	http.Get(url)
	// ruleid: go-default-http-client
	http.DefaultClient.Do(req)
	// ok: go-default-http-client
	client.Do(req)
	// ruleid: go-unbounded-body
	io.ReadAll(r.Body)
	// ruleid: go-unbounded-body
	json.NewDecoder(resp.Body).Decode(&x)
	// ok: go-unbounded-body
	io.ReadAll(io.LimitReader(r.Body, 100))
	// ruleid: go-tls-not-verified
	_ = &tls.Config{MinVersion: 1, InsecureSkipVerify: true}
	// ok: go-tls-not-verified
	_ = &tls.Config{RootCAs: roots}
	// ruleid: go-shell
	exec.Command("sh", "-c", text)
	// ok: go-shell
	exec.Command("tar", text)
	// ruleid: go-secret-compared-in-time
	if key.Secret == given {
	}
	// ruleid: go-secret-compared-in-time
	if bytes.Equal(mac.Sum(nil), given) {
	}
	// ok: go-secret-compared-in-time
	if hmac.Equal(mac.Sum(nil), given) {
	}
	// ruleid: go-path-from-archive
	os.Create(filepath.Join(dir, h.Name))
	// ok: go-path-from-archive
	os.Create(filepath.Join(dir, number))
}
