package classify

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestBuiltin(t *testing.T) {
	c := builtin(t)
	if n := len(c.Apps()); n < 269 {
		t.Errorf("%d apps, want >= 269", n)
	}
	categories := map[string]bool{}
	for _, k := range Categories() {
		categories[k.ID] = true
	}
	for _, a := range c.Apps() {
		if !categories[a.Category] || a.Name == "" || a.Vendor == "" {
			t.Errorf("%s: %+v is not whole", a.Source, a)
		}
		if got, ok := c.App(a.ID); !ok || got != a {
			t.Errorf("%s: App does not find it", a.ID)
		}
	}
	if !slices.IsSortedFunc(c.Apps(), func(a, b *App) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("apps are not sorted")
	}
	if v := builtin(t).Version(); v != c.Version() {
		t.Errorf("version %s, and %s when loaded again", c.Version(), v)
	}
	if _, ok := c.App("nope"); ok {
		t.Error("App finds an app that is none")
	}
	for _, e := range c.Endpoints() {
		if e.Evidence == "" || e.Activity == "" || e.Carrier == "" {
			t.Errorf("%s: %+v is not whole", e.Source, e)
		}
	}
}

// What is said of a vendor's terms has a page that says so, and a time.
func TestTermsHaveASource(t *testing.T) {
	known := 0
	for _, a := range builtin(t).Apps() {
		if a.Terms == nil {
			continue
		}
		known++
		read, err := time.Parse(time.DateOnly, a.Terms.Date)
		if err != nil || read.Year() < 2025 || a.Terms.Trains == "" || !strings.HasPrefix(a.Terms.Source, "https://") {
			t.Errorf("%s: %+v", a.Source, *a.Terms)
		}
	}
	if known < 60 {
		t.Errorf("the terms of %d apps are known, want >= 60", known)
	}
}

// Each mistake is told with its place and what to do; all of a file in one run.
func TestBadFiles(t *testing.T) {
	cases := map[string][]string{
		"unknown-field.yaml": {
			`:7: endpoints[0]: unknown field "methd" (did you mean "method"?)`,
			`:8: app: unknown field "colour"`,
		},
		"unknown-words.yaml": {
			`:4: category: "chats" is not one of chat, `, `(did you mean "chat"?)`,
			`:5: country: "Germany" is no ISO 3166 code of two capitals`,
			`:6: status: "aproved" is not one of approved, in_review, unapproved, unreviewed (did you mean "approved"?)`,
			`:7: visibility: "none" is not one of full, uploads, handshake`,
			`:10: method: "post" is not one of GET, `,
			`:10: activity: "prompts" is not one of prompt, upload, other, session (did you mean "prompt"?)`,
			`:10: carrier: "yaml" is not one of json, `,
			`:10: date: "yesterday" is no date; write it as 2006-01-02`,
			`:10: evidence: "hearsay" is not one of sdk, `,
		},
		"missing.yaml": {
			`:1: app "x": is new and needs name, vendor, category, hosts`,
			`:3: endpoints[0]: needs "activity"`, `:3: endpoints[0]: needs "carrier"`, `:3: endpoints[0]: needs "path"`,
			`:4: endpoints[1]: needs "carrier"`,
		},
		"no-id.yaml": {`:1: app: no id; add for example "id: my-app"`},
		"bad-hosts.yaml": {
			`:6: hosts[0]: host "X.example" must be lower case`,
			`:7: hosts[1]: host "https://x.example/chat" is no host name`,
			`:8: hosts[2]: host "*.example" does not go with match: exact`,
			`:9: hosts[3]: host "x.example" does not go with match: wildcard`,
			`:10: hosts[4]: host "x.*" needs a name without * at its end`,
			`:11: hosts[5]: must be a mapping of keys to values`,
		},
		"bad-paths.yaml": {
			`:7: endpoints[0]: path "chat" must begin with "/" or "**"`,
			`:8: endpoints[1]: path "/chat?q=1" holds a query; write it as when: {query: key=value}`,
			`:9: endpoints[2]: path "/{/x" holds a { that is no {name}`,
			`:10: endpoints[3]: path "/**/a/**" holds ** more than once`,
			`:11: endpoints[4]: path "/*/*/*/*/*/*/*" holds too many wildcards`,
			`:12: endpoints[5]: host "a b" is no host name`,
		},
		"twice.yaml": {
			`:3: app: field "name" is given twice; keep one`,
			`:8: app "x": is defined at twice.yaml:1 too; keep one`,
			`:14: app "z": host "x.example" belongs to app "x" at twice.yaml:1 too; give one of them scope: path`,
			`:14: app "z": protocols: "openaj" is not defined (did you mean "openai"?)`,
		},
		"syntax.yaml": {`syntax.yaml:`},
		"shapes.yaml": {
			`:1: id: must be a text that is not empty`,
			`:2: hosts: must be a list; write it as [a, b] or one "- item" a line`,
			`:3: trains: "maybe" is not one of yes, opt-out, opt-in, no, mixed`,
			`:3: terms: need "source" (the page that says so) and "date" (when it was read)`,
		},
		"anywhere.yaml": {
			`:3: anywhere: "question:texts" is no member; write "name", "outer.name", "list.*.name", or "name:text" ("words", "list", "object")`,
			`:3: anywhere: "" is no member`,
		},
		"kinds.yaml":  {`:1: app: must be a mapping of keys to values`},
		"both.yaml":   {`:1: app "x": is an app or a protocol, not both`},
		"big-id.yaml": {`:1: id: "My App" must be up to 64 lower-case letters, digits, dots and hyphens`},
	}
	ran := 0
	for name, wants := range cases {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata/bad", name))
			if err != nil {
				t.Fatal(err)
			}
			// Beside the builtin ones, so that protocols can be meant.
			_, err = Load(Builtin(), fstest.MapFS{name: {Data: data}})
			if err == nil {
				t.Fatal("loads")
			}
			for _, want := range wants {
				if strings.HasPrefix(want, ":") {
					want = name + want
				}
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q:\n%v", want, err)
				}
			}
			if name == "kinds.yaml" && strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("one mistake, several messages:\n%v", err)
			}
			if name == "unknown-words.yaml" && strings.Contains(err.Error(), "needs") {
				t.Errorf("what is wrong is called missing, too:\n%v", err)
			}
		})
		ran++
	}
	if files, err := os.ReadDir("testdata/bad"); err != nil || len(files) != ran {
		t.Errorf("%d files, %d cases (%v)", len(files), ran, err)
	}
}

func yamlFS(files map[string]string) fs.FS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestADirectoryAddsAndOverrides(t *testing.T) {
	c, err := Load(Builtin(), yamlFS(map[string]string{
		"chatgpt.yaml":       "id: chatgpt\nstatus: approved\nextend:\n  hosts: [chat.acme.example]\n  endpoints:\n    - {method: POST, path: /backend-api/f/conversation, activity: other, carrier: none}\n",
		"own.yaml":           "id: own\nname: Own\nvendor: ACME\ncategory: chat\ncountry: NO\nprotocols: [openai]\nhosts: [ai.acme.example, grokipedia.com]\n",
		"not-read.txt":       "id: x",
		"..2026_11/own.yaml": "id: own\nname: The copy that Kubernetes keeps of what it mounts\n",
		"sub/pi.yaml":        "id: pi\nhosts: [pi.example]\nterms: {trains: no, source: 'https://pi.example/terms', date: 2026-01-02}\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	app, _ := c.App("chatgpt")
	if app.Status != "approved" || app.Name != "ChatGPT" || app.Category != "chat" {
		t.Errorf("chatgpt is %+v", app)
	}
	for host, want := range map[string]string{
		"chatgpt.com": "chatgpt", "x.chat.acme.example": "chatgpt", "ai.acme.example": "own", "grokipedia.com": "own", "pi.example": "pi", "pi.ai": "",
	} {
		m, ok := c.Host(host, "")
		if ok != (want != "") || ok && m.App.ID != want {
			t.Errorf("%s: %+v, want %q", host, m.App, want)
		}
	}
	m, _ := c.Lookup(Request{Method: "POST", Host: "chatgpt.com", Path: "/backend-api/f/conversation"})
	if m.Activity() != "other" {
		t.Errorf("an added endpoint does not go before the app's own: %s", m.Activity())
	}
	m, _ = c.Lookup(Request{Method: "POST", Host: "ai.acme.example", Path: "/v1/chat/completions"})
	if m.Activity() != "prompt" || m.App.ErrorShape != "openai" || m.App.Country != "NO" {
		t.Errorf("a protocol gives no endpoint: %+v", m)
	}
	if pi, _ := c.App("pi"); pi.Terms == nil || pi.Terms.Trains != "no" || len(pi.Endpoints) == 0 {
		t.Errorf("pi is %+v", pi)
	}
	if c.Version() == builtin(t).Version() || len(c.Version()) != 16 {
		t.Errorf("version %q does not tell the catalogues apart", c.Version())
	}
}

// named is a file system that tells its place.
type named struct{ fs.FS }

func (named) String() string { return "/etc/sluice/apps" }

func TestMistakesNameTheDirectory(t *testing.T) {
	_, err := Load(named{yamlFS(map[string]string{"a.yaml": "name: X\n"})})
	if err == nil || !strings.HasPrefix(err.Error(), "/etc/sluice/apps/a.yaml:1: ") {
		t.Errorf("%v", err)
	}
}

func TestFixturesAreRead(t *testing.T) {
	const app = "id: x\nname: X\nvendor: X\ncategory: chat\nhosts: [x.example]\nfixtures: ['*.json']\n"
	cases := map[string]struct {
		files map[string]string
		want  string
	}{
		"a fixture":            {map[string]string{"x.yaml": app, "a.json": `{"method":"POST","url":"https://x.example/","body":"{}","activity":"other"}`}, ""},
		"no file of that name": {map[string]string{"x.yaml": app}, `fixtures: no file is named "*.json"`},
		"an unknown member":    {map[string]string{"x.yaml": app, "a.json": `{"methd":"POST"}`}, `a.json: app "x": fixture: json: unknown field "methd"`},
		"a bad pattern":        {map[string]string{"x.yaml": strings.Replace(app, "*.json", "[", 1)}, `syntax error in pattern`},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			c, err := Load(yamlFS(k.files))
			if k.want != "" {
				if err == nil || !strings.Contains(err.Error(), k.want) {
					t.Fatalf("%v, want %q", err, k.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if f := c.Fixtures(); len(f) != 1 || f[0].App != "x" || string(f[0].Body) != "{}" || f[0].Activity != "other" {
				t.Errorf("%+v", f)
			}
		})
	}
}

// TestFixturesOfWhatIsReplacedDoNotCount lays files over an app that has a fixture.
func TestFixturesOfWhatIsReplacedDoNotCount(t *testing.T) {
	first := yamlFS(map[string]string{
		"x.yaml": "id: x\nname: X\nvendor: X\ncategory: chat\nhosts: [x.example]\nfixtures: ['*.json']\n",
		"a.json": `{"method":"POST","url":"https://x.example/","body":"{}","activity":"other"}`,
	})
	endpoint := "endpoints: [{method: POST, path: /chat, activity: prompt, carrier: json}]\n"
	for name, k := range map[string]struct {
		file string
		want int
	}{
		"a status":                        {"id: x\nstatus: approved\n", 1},
		"one more host":                   {"id: x\nextend: {hosts: [y.example]}\n", 1},
		"other endpoints":                 {"id: x\n" + endpoint, 0},
		"one more endpoint":               {"id: x\nextend:\n  " + endpoint, 0},
		"another app that takes the host": {"id: own\nname: Own\nvendor: Own\ncategory: chat\nhosts: [x.example]\n", 0},
		"another app beside it":           {"id: own\nname: Own\nvendor: Own\ncategory: chat\nhosts: [own.example]\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Load(first, yamlFS(map[string]string{"over.yaml": k.file}))
			if err != nil {
				t.Fatal(err)
			}
			if got := len(c.Fixtures()); got != k.want {
				t.Errorf("%d fixtures, want %d", got, k.want)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	for _, glob := range []string{"testdata/bad/*.yaml", "catalogue/c*.yaml", "catalogue/protocols/*.yaml"} {
		names, err := filepath.Glob(glob)
		if err != nil || len(names) == 0 {
			f.Fatalf("%s: %v", glob, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Load(fstest.MapFS{"a.yaml": {Data: data}})
		if (c == nil) == (err == nil) {
			t.Fatalf("catalogue %v, error %v", c, err)
		}
		if c == nil {
			return
		}
		for _, a := range c.Apps() {
			for _, e := range a.Endpoints {
				c.Lookup(Request{Method: e.Method, Host: e.Host, Path: e.Path})
			}
			for _, h := range a.Hosts {
				c.Host(h.Name, "/v1/x")
			}
		}
	})
}

func FuzzShape(f *testing.F) {
	for _, k := range shapeCases {
		r := k.request(f)
		f.Add(r.Method, r.Path, string(r.header("Content-Type")), []byte(k.body))
	}
	f.Add("POST", "/conversation/1", `multipart/form-data; boundary="b"`, []byte("--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\"inputs\":\"x\",\"is_retry\":true}\r\n--b--\r\n"))
	c := builtin(f)
	f.Fuzz(func(t *testing.T, method, path, kind string, body []byte) {
		r := Request{Method: method, Host: "unknown.example.net", Path: path, Header: func(name string) []byte {
			if name == "Content-Type" {
				return []byte(kind)
			}
			return nil
		}}
		m, ok := c.Shape(r, body)
		if ok && (m.App == nil || m.Endpoint == nil || !c.Candidate(r)) {
			t.Fatalf("%+v", m)
		}
		r.Host = "chatgpt.com"
		if m, ok := c.Lookup(r); ok {
			m = c.Refine(m, r, body)
			AccountOf(m.App, r, body)
			ActorOf(r, body)
		}
	})
}
