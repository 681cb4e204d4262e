package theme

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"
)

// words is a language of the tests.
type words struct {
	Hello string `yaml:"hello"`
	Bye   string `yaml:"bye"`
}

func builtin() fstest.MapFS {
	return fstest.MapFS{
		"page.html": {Data: []byte("<style>{{.Style}}</style>{{.Words.Hello}}, {{.Words.Bye}}")},
		"page.css":  {Data: []byte("body{color:red}")},
		"en.yaml":   {Data: []byte("hello: Hello\nbye: Bye\n")},
		"de.yaml":   {Data: []byte("hello: Hallo\nbye: Ade\n")},
	}
}

func TestThePreferredLanguageIsSpoken(t *testing.T) {
	theme, err := Load[words](builtin(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for accept, want := range map[string]string{
		"": "en", "*": "en", "de": "de", "de-AT,en;q=0.5": "de", "en;q=0.3, de;q=0.9": "de", "fr, de;q=0.1": "de",
		"de;q=0, en": "en", "de;q=x": "en", "zh": "en", "en-GB,de": "en", strings.Repeat("x,", 1000): "en",
	} {
		lang, said := theme.Words(accept)
		if hello := map[string]string{"en": "Hello", "de": "Hallo"}[want]; lang != want || said.Hello != hello {
			t.Errorf("%.40q speaks %s (%s), want %s", accept, lang, said.Hello, want)
		}
	}
}

func TestALayerLiesOverTheOneBefore(t *testing.T) {
	theme, err := Load[words](builtin(), fstest.MapFS{
		"page.css": {Data: []byte("body{color:#123456}")},
		"en.yaml":  {Data: []byte("hello: Welcome to Acme\n")},
		"fr.yaml":  {Data: []byte("hello: Bonjour\nbye: Salut\n")},
		"notes.md": {Data: []byte("not read")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for accept, want := range map[string]string{"en": "Welcome to Acme, Bye", "de": "Hallo, Ade", "fr-CA": "Bonjour, Salut"} {
		var b bytes.Buffer
		_, said := theme.Words(accept)
		if err := theme.Render(&b, map[string]any{"Style": theme.Style(), "Words": said}); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != "<style>body{color:#123456}</style>"+want {
			t.Errorf("%s: page %q", accept, got)
		}
	}
}

func TestMistakesAreToldTogether(t *testing.T) {
	cases := map[string]struct{ file, text, want string }{
		"an unknown sentence":             {"en.yaml", "helo: x\n", "pages: en.yaml: yaml: unmarshal errors:"},
		"a language that is not whole":    {"fr.yaml", "hello: Bonjour\n", `pages: fr.yaml: has no "bye"; give every sentence`},
		"a page that is no template":      {"page.html", "{{if}}", "pages: page.html: template: page.html:1: missing value for if"},
		"a style that ends before itself": {"page.css", "</STYLE><script>", "pages: page.css: must not hold </style"},
	}
	all := fstest.MapFS{}
	for name, c := range cases {
		all[c.file] = &fstest.MapFile{Data: []byte(c.text)}
		t.Run(name, func(t *testing.T) {
			_, err := Load[words](builtin(), fstest.MapFS{c.file: {Data: []byte(c.text)}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
	_, err := Load[words](builtin(), all)
	for name, c := range cases {
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s is not among %v", name, err)
		}
	}
	if _, err := Load[words](fstest.MapFS{}); err == nil {
		t.Error("a theme without a page was loaded")
	}
}
