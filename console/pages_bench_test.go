package console_test

import (
	"compress/gzip"
	"flag"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"
)

var companyEvents = flag.Int("company-events", 20_000, "events of BenchmarkPages; `make bench-console` takes a million")

// visitorOf signs somebody in without a browser.
func (c *company) visitorOf(t testing.TB, who string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{DisableCompression: true}}
	link, err := c.server.SignInLink(who)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.PostForm(c.http.URL+u.Path, u.Query())
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/" {
		t.Fatalf("sign in: %s at %s", resp.Status, resp.Request.URL.Path)
	}
	return client
}

// get returns what comes over the wire, packed, and the plain page.
func get(t testing.TB, client *http.Client, address string) (wire int, page []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	counted := &countingReader{r: resp.Body}
	var r io.Reader = counted
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if r, err = gzip.NewReader(counted); err != nil {
			t.Fatal(err)
		}
	}
	page, err = io.ReadAll(r)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", address, resp.Status, err)
	}
	return counted.n, page
}

type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

var assetLink = regexp.MustCompile(`(?:src|href)="(/static/[^"#]+)`)

// maxWeight is what a page with all its parts may weigh on the wire.
const maxWeight = 60_000

// TestPageWeight adds up each screen with its styles, scripts and icons.
func TestPageWeight(t *testing.T) {
	c := openCompany(t, sampleDir(t), 20_000)
	client := c.visitorOf(t, "j.weber")
	for _, s := range c.screens(t) {
		wire, page := get(t, client, c.http.URL+s.path)
		parts := map[string]bool{}
		for _, m := range assetLink.FindAllSubmatch(page, -1) {
			parts[string(m[1])] = true
		}
		if len(parts) < 6 {
			t.Errorf("%s names %d assets", s.name, len(parts))
		}
		total := wire
		for part := range parts {
			n, _ := get(t, client, c.http.URL+part)
			total += n
		}
		t.Logf("%-12s %6d bytes, with styles, scripts and icons %6d", s.name, wire, total)
		if total > maxWeight {
			t.Errorf("%s weighs %d bytes, more than %d", s.name, total, maxWeight)
		}
	}
}

// sampleDir is where the invented company's database is: it may be kept, since a million
// events take minutes.
func sampleDir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("SLUICE_SAMPLE_DIR"); dir != "" {
		return dir
	}
	return t.TempDir()
}

// BenchmarkPages asks for each screen as its second visitor gets it (warm) and as the first
// (cold: no report is in the cache), and tells the median of the server's time.
func BenchmarkPages(b *testing.B) {
	c := openCompany(b, sampleDir(b), *companyEvents)
	client := c.visitorOf(b, "j.weber")
	signed := client.Jar.Cookies(mustParse(b, c.http.URL))
	handler := c.server.Handler()
	for _, s := range c.screens(b) {
		for _, cold := range []bool{false, true} {
			name := s.name + "/warm"
			if cold {
				name = s.name + "/cold"
			}
			b.Run(name, func(b *testing.B) {
				var took []time.Duration
				for b.Loop() {
					if cold {
						c.server.ForgetReports()
					}
					r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, c.http.URL+s.path, nil)
					r.Header.Set("Accept-Encoding", "gzip")
					for _, k := range signed {
						r.AddCookie(k)
					}
					w := httptest.NewRecorder()
					began := time.Now()
					handler.ServeHTTP(w, r)
					took = append(took, time.Since(began))
					if w.Code != http.StatusOK {
						b.Fatalf("status %d", w.Code)
					}
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
			})
		}
	}
}

func mustParse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
