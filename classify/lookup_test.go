package classify

import (
	"net/url"
	"os"
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

// testdata/hosts.txt holds every host that was found for the 269 apps the catalogue
// began with.
func TestEveryKnownHostHasItsApp(t *testing.T) {
	c := builtin(t)
	data, err := os.ReadFile("testdata/hosts.txt")
	if err != nil {
		t.Fatal(err)
	}
	apps := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) != 3 || f[0] == "#" {
			continue
		}
		apps[f[0]] = true
		names := []string{f[1], strings.ToUpper(f[1]) + ".", f[1] + ":443"}
		if f[2] == "suffix" {
			names = append(names, "new-name."+f[1], "a.b-c."+f[1])
		}
		for _, host := range names {
			m, ok := c.Host(host, "")
			if !ok || m.App.ID != f[0] {
				t.Errorf("%s: got %+v, want %s", host, m.App, f[0])
			}
		}
	}
	if len(apps) < 269 {
		t.Fatalf("checked %d apps, want 269", len(apps))
	}
}

func TestHostsThatAreNoApp(t *testing.T) {
	c := builtin(t)
	for _, host := range []string{
		"", ".", "example.com", "www.google.com", "google.com", "github.com", "x.com", "api.github.com", "bing.com", "cn.bing.com",
		"microsoft.com", "www.office.com", "outlook.office.com", "amazonaws.com", "s3.amazonaws.com", "googleapis.com",
		"storage.googleapis.com", "blob.core.windows.net", "acme.blob.core.windows.net", "notopenai.com", "openai.com.evil.example",
		"xchatgpt.com", "chatgpt.com.example.org", "duckduckgo.com.example", "html.duckduckgo.com", "facebook.com", "wikipedia.org",
		"bedrock-runtime.us-east-1.evil.amazonaws.com", "registry.npm.example", "api.cloudflare.com", "10.0.0.1", "::1", "[::1]:443", "volces.com",
		strings.Repeat("a.", 200) + "com",
	} {
		if m, ok := c.Host(host, ""); ok {
			t.Errorf("%q is taken for %s (%s)", host, m.App.ID, m.Scope)
		}
	}
}

func TestSharedHosts(t *testing.T) {
	c := builtin(t)
	cases := map[string]struct{ host, path, app, scope string }{
		"the host of an embedded app alone":           {"www.notion.so", "", "notion-ai", "path"},
		"the AI path of an embedded app":              {"www.notion.so", "/api/v3/runInferenceTranscript", "notion-ai", "path"},
		"an ordinary path of an embedded app":         {"www.notion.so", "/api/v3/saveTransactionsFanout", "", ""},
		"an image prompt in a search engine":          {"www.bing.com", "/images/create", "bing-create", "path"},
		"a search in a search engine":                 {"www.bing.com", "/search", "", ""},
		"the chat of a search engine":                 {"duckduckgo.com", "/duckchat/v1/chat", "duck-ai", "path"},
		"a page of the search engine with a chat":     {"duckduckgo.com", "/about", "", ""},
		"the chat under a name of its own":            {"duck.ai", "/duckchat/v1/chat", "duck-ai", "host"},
		"the assistant of a code host":                {"github.com", "/copilot", "github-copilot", "path"},
		"a repository of a code host":                 {"github.com", "/golang/go", "", ""},
		"a repository that only sounds like it":       {"github.com", "/copilot-tools/x", "", ""},
		"the assistant of a social network":           {"x.com", "/i/api/2/grok/add_response.json", "grok", "path"},
		"a post of a social network":                  {"x.com", "/i/api/graphql/x/CreateTweet", "", ""},
		"mail next to an assistant":                   {"substrate.office.com", "/search/api/v2/query", "", ""},
		"the assistant next to mail":                  {"substrate.office.com", "/m365Copilot/Chathub/a@b", "m365-copilot", "path"},
		"any path of an app that owns its host":       {"chatgpt.com", "/anything", "chatgpt", "host"},
		"a path that needs a parameter tells of none": {"www.google.com", "/search", "", ""},
		"a percent-escaped path of a shared host":     {"www.notion.so", "/api/v3/run%49nferenceTranscript", "notion-ai", "path"},
		"speech next to a model API":                  {"acme.cognitiveservices.azure.com", "/sts/v1.0/issueToken", "", ""},
		"a model API next to speech":                  {"acme.cognitiveservices.azure.com", "/openai/deployments/d/chat/completions", "azure-openai", "path"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			m, ok := c.Host(k.host, k.path)
			if k.app == "" {
				if ok {
					t.Fatalf("%s%s is taken for %s", k.host, k.path, m.App.ID)
				}
				return
			}
			if !ok || m.App.ID != k.app || m.Scope != k.scope {
				t.Fatalf("%s%s: %+v %s, want %s %s", k.host, k.path, m.App, m.Scope, k.app, k.scope)
			}
		})
	}
}

// An ordinary save in Notion is no AI traffic, yet it can be said whose it is.
func TestOrdinaryRequestToASharedHost(t *testing.T) {
	c := builtin(t)
	f, err := readFixture(os.DirFS("testdata"), "notion-ordinary-save.json")
	if err != nil {
		t.Fatal(err)
	}
	r := request(t, f.Method, f.URL, f.Headers)
	if m, ok := c.Lookup(r); ok {
		t.Errorf("an ordinary save is taken for %s", m.App.ID)
	}
	if app, ok := c.Owner(r.Host); !ok || app.ID != "notion-ai" {
		t.Errorf("owner is %+v, want notion-ai", app)
	}
}

// The bytes of a file go to storage under another name: only the page they come from
// tells the app.
func TestUploadToForeignStorage(t *testing.T) {
	c := builtin(t)
	cases := map[string]struct{ method, url, headers, app, carrier string }{
		"a file of a chat page":           {"PUT", "https://acme.blob.core.windows.net/x/y", "Origin: https://chat.mistral.ai", "le-chat", "raw"},
		"a file told by the referer":      {"PUT", "https://files.example.net/x", "Referer: https://arena.ai/c/1", "arena", "raw"},
		"a form to an object store":       {"POST", "https://bucket.s3.amazonaws.com/", "Origin: https://www.perplexity.ai; Content-Type: multipart/form-data; boundary=x", "perplexity", "multipart"},
		"analytics of a chat page":        {"POST", "https://stats.example.net/collect", "Origin: https://chatgpt.com", "", ""},
		"a file of another page":          {"PUT", "https://acme.blob.core.windows.net/x/y", "Origin: https://example.org", "", ""},
		"a file of a page that shares":    {"PUT", "https://acme.blob.core.windows.net/x/y", "Origin: https://www.notion.so", "", ""},
		"a file without an origin":        {"PUT", "https://acme.blob.core.windows.net/x/y", "", "", ""},
		"a name that only sounds like it": {"PUT", "https://acme.blob.core.windows.net/x/y", "Origin: https://xchatgpt.com", "", ""},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			r := shapeCase{headers: k.headers}.request(t)
			at := request(t, k.method, k.url, nil)
			r.Method, r.Host, r.Path = k.method, at.Host, at.Path
			m, ok := c.Lookup(r)
			if !ok || k.app == "" {
				if ok != (k.app != "") {
					t.Fatalf("%v, want %q", m.App, k.app)
				}
				return
			}
			if m.App.ID != k.app || m.Activity() != "upload" || m.Endpoint.Carrier != k.carrier || m.Scope != "origin" {
				t.Errorf("%s %s %s %s", m.App.ID, m.Activity(), m.Endpoint.Carrier, m.Scope)
			}
		})
	}
}

// testdata/endpoints.txt holds a request line for each endpoint that was found.
func TestEveryKnownEndpoint(t *testing.T) {
	c := builtin(t)
	data, err := os.ReadFile("testdata/endpoints.txt")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) != 4 || f[0] == "#" {
			continue
		}
		ran++
		m, ok := c.Lookup(request(t, f[1], f[2], nil))
		if !ok || m.App.ID != f[0] || m.Activity() != f[3] {
			t.Errorf("%s %s: %+v %s, want %s %s", f[1], f[2], m.App, m.Activity(), f[0], f[3])
		}
	}
	if ran < 160 {
		t.Fatalf("ran %d, want >= 160", ran)
	}
}
