package classify

import (
	"net/url"
	"strings"
	"testing"
)

func builtin(tb testing.TB) *Catalogue {
	tb.Helper()
	c, err := Load(Builtin())
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// request builds a Request as reqmod does: path and query as they are in the request line.
func request(tb testing.TB, method, address string, headers map[string]string) Request {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return Request{Method: method, Host: u.Host, Path: path, Query: u.RawQuery, Header: func(name string) []byte {
		for k, v := range headers {
			if strings.EqualFold(k, name) {
				return []byte(v)
			}
		}
		return nil
	}}
}

// The fixtures of the catalogue are requests whose app and activity are known.
func TestFixturesAreRecognised(t *testing.T) {
	c := builtin(t)
	for _, f := range c.Fixtures() {
		t.Run(strings.TrimPrefix(f.File, "fixtures/"), func(t *testing.T) {
			r := request(t, f.Method, f.URL, f.Headers)
			m, ok := c.Lookup(r)
			if !ok {
				t.Fatalf("%s %s: no app, want %s", f.Method, f.URL, f.App)
			}
			m = c.Refine(m, r, f.Body)
			if m.App.ID != f.App || m.Activity() != f.Activity {
				t.Errorf("%s %s: %s %s, want %s %s", f.Method, f.URL, m.App.ID, m.Activity(), f.App, f.Activity)
			}
			if m.Endpoint == nil && f.Activity != "other" {
				t.Error("no endpoint")
			}
		})
	}
	if n := len(c.Fixtures()); n < 20 {
		t.Fatalf("ran %d fixtures, want >= 20", n)
	}
}
