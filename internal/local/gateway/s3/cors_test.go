package s3_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/iris-oculus/iris/internal/local/gateway/s3"
)

// A page reads why it was refused: an answer that is an error has the CORS headers of one
// that is not, for the origins and methods of the bucket's rules and for no others.
func TestRefusalsLetTheirPageIn(t *testing.T) {
	const page, stranger = "https://page.example", "https://stranger.example"
	rules := []s3.CORSRule{
		{AllowedOrigins: []string{page}, AllowedMethods: []string{"PUT", "GET"}, AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"ETag"}, MaxAgeSeconds: 60},
		{AllowedOrigins: []string{"https://*.wide.example"}, AllowedMethods: []string{"GET"}},
		{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"HEAD"}},
	}
	r := start(t, t.TempDir(), &bus{}, func(c *s3.Config) { c.Buckets[0].CORS = rules })
	if err := r.put(t.Context(), "there", nil); err != nil {
		t.Fatal(err)
	}
	signed, err := awss3.NewPresignClient(r.Client).PresignGetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("there")}, awss3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, address, origin string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if origin != "" {
			req.Header.Set("Origin", origin)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp
	}
	names := []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Expose-Headers", "Access-Control-Max-Age", "Vary"}
	good := ask("GET", signed.URL, page)
	if good.StatusCode != http.StatusOK {
		t.Fatal(good.Status)
	}
	wrong := signed.URL + "0" // another signature
	for _, name := range names {
		// versitygw exposes some of its own besides the rule's.
		if got, want := ask("GET", wrong, page).Header.Get(name), good.Header.Get(name); got == "" || !strings.HasPrefix(want, got) {
			t.Errorf("%s of a refusal: %q, of an answer: %q", name, got, want)
		}
	}
	for _, c := range []struct{ method, origin, want string }{
		{"GET", page, page}, {"PUT", page, page}, {"DELETE", page, ""}, {"GET", stranger, ""}, {"GET", "", ""},
		{"GET", "https://a.wide.example", "https://a.wide.example"}, {"GET", "https://wide.example", ""}, {"HEAD", stranger, "*"},
	} {
		resp := ask(c.method, wrong, c.origin)
		if got := resp.Header.Get("Access-Control-Allow-Origin"); resp.StatusCode != http.StatusForbidden || got != c.want {
			t.Errorf("%s from %q: %s with %q, want %q", c.method, c.origin, resp.Status, got, c.want)
		}
	}
	// So has the answer while S3 itself is away.
	away := httptest.NewServer(s3.Front(filepath.Join(t.TempDir(), "none.sock"), s3.Bucket{Name: bucket, CORS: rules}))
	defer away.Close()
	if resp := ask("GET", away.URL+"/"+bucket+"/there", page); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Access-Control-Allow-Origin") != page {
		t.Errorf("%s %v", resp.Status, resp.Header)
	}
}
