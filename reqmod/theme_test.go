package reqmod

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestThePreferredLanguageIsSpoken(t *testing.T) {
	theme, err := newTheme(nil)
	if err != nil {
		t.Fatal(err)
	}
	for accept, want := range map[string]string{
		"": "en", "*": "en", "de": "de", "de-AT,en;q=0.5": "de", "en;q=0.3, de;q=0.9": "de", "fr, de;q=0.1": "de",
		"de;q=0, en": "en", "de;q=x": "en", "zh": "en", "en-GB,de": "en", strings.Repeat("x,", 1000): "en",
	} {
		if got := theme.speak(accept).Lang; got != want {
			t.Errorf("%.40q speaks %s, want %s", accept, got, want)
		}
	}
}

func TestAThemeIsLaidOverTheBuiltInOne(t *testing.T) {
	w := newWorld(t, "defaults: {unreviewed: {action: block}}", nil, Options{Pages: fstest.MapFS{
		"page.css": {Data: []byte("body{color:#123456}")},
		"en.yaml":  {Data: []byte("blocked: Stopped by Acme\n")},
		"notes.md": {Data: []byte("not read")},
	}})
	page := w.refusalOf(t, request("GET", "https://chatgpt.com/", "", "Sec-Fetch-Dest: document"))
	if !strings.Contains(page, "Stopped by Acme") || !strings.Contains(page, "#123456") || !strings.Contains(page, "may not be used at work") {
		t.Errorf("page: %s", page)
	}
}

func TestMistakesInAThemeAreToldAtTheStart(t *testing.T) {
	cases := map[string]struct{ file, text, want string }{
		"an unknown sentence":             {"en.yaml", "blokced: x\n", `pages: en.yaml: yaml: unmarshal errors:`},
		"a language that is not whole":    {"fr.yaml", "blocked: Bloqué\n", `pages: fr.yaml: has no "found"; give every sentence`},
		"a page that is no template":      {"page.html", "{{if}}", `pages: page.html: template: page.html:1: missing value for if`},
		"a page with an unknown field":    {"page.html", "{{.Secret}}", `pages: page.html: template: page.html:1:2: executing "page.html" at <.Secret>`},
		"a style that ends before itself": {"page.css", "</STYLE><script>", `pages: page.css: must not hold </style`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := New(Options{Pages: fstest.MapFS{c.file: {Data: []byte(c.text)}}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}
