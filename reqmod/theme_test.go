package reqmod

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestAThemeIsLaidOverTheBuiltInOne(t *testing.T) {
	w := newWorld(t, "defaults: {unreviewed: {action: block}}", nil, Options{Pages: fstest.MapFS{
		"page.css": {Data: []byte("body{color:#123456}")},
		"en.yaml":  {Data: []byte("blocked: Stopped by Acme\n")},
	}})
	page := w.refusalOf(t, request("GET", "https://chatgpt.com/", "", "Sec-Fetch-Dest: document"))
	if !strings.Contains(page, "Stopped by Acme") || !strings.Contains(page, "#123456") || !strings.Contains(page, "may not be used at work") {
		t.Errorf("page: %s", page)
	}
}

func TestMistakesInAThemeAreToldAtTheStart(t *testing.T) {
	cases := map[string]struct{ file, text, want string }{
		"a language that is not whole": {"fr.yaml", "blocked: Bloqué\n", `pages: fr.yaml: has no "found"; give every sentence`},
		"a page with an unknown field": {"page.html", "{{.Secret}}", `pages: page.html: template: page.html:1:2: executing "page.html" at <.Secret>`},
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
