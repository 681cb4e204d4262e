package reqmod

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed pages
var builtinPages embed.FS

// wording is one language of what a person is told.
type wording struct {
	Lang     string `yaml:"-"` // the name of its file: "de"
	Blocked  string `yaml:"blocked"`
	Found    string `yaml:"found"`
	Gap      string `yaml:"gap"`
	Status   string `yaml:"status"`
	Fix      string `yaml:"fix"`
	FixGap   string `yaml:"fix_gap"`
	Who      string `yaml:"who"`
	Profile  string `yaml:"profile"`
	Rule     string `yaml:"rule"`
	Incident string `yaml:"incident"`
	Place    string `yaml:"place"`
	Coach    string `yaml:"coach"`
	Button   string `yaml:"button"`
}

// theme is how refusals look and read. It is immutable.
type theme struct {
	page      *template.Template
	style     string
	policy    string // the page's Content-Security-Policy
	languages map[string]*wording
}

// newTheme reads the built-in theme and lays custom over it, where it is not nil: page.html,
// page.css, and languages as fr.yaml, pt-br.yaml. Its error joins every mistake.
func newTheme(custom fs.FS) (*theme, error) {
	builtin, err := fs.Sub(builtinPages, "pages")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	t := &theme{languages: map[string]*wording{}}
	mistakes := []error{t.layer(builtin)}
	if custom != nil {
		mistakes = append(mistakes, t.layer(custom))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(t.style))
	t.policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	if err := t.page.Execute(io.Discard, pageData{wording: t.languages["en"], Link: "https://console.example.com", Places: []string{"x"}}); err != nil {
		return nil, fmt.Errorf("pages: page.html: %w", err)
	}
	return t, nil
}

// layer reads the files of one file system over what there is.
func (t *theme) layer(f fs.FS) error {
	files, err := fs.ReadDir(f, ".")
	if err != nil {
		return fmt.Errorf("pages: %w", err)
	}
	var mistakes []error
	for _, file := range files {
		name := file.Name()
		if name != "page.html" && name != "page.css" && path.Ext(name) != ".yaml" {
			continue
		}
		text, err := fs.ReadFile(f, name)
		if err == nil {
			err = t.file(name, text)
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("pages: %s: %w", name, err))
		}
	}
	return errors.Join(mistakes...)
}

func (t *theme) file(name string, text []byte) (err error) {
	switch name {
	case "page.css":
		if bytes.Contains(bytes.ToLower(text), []byte("</style")) {
			return errors.New("must not hold </style; it is put into the page as it is")
		}
		t.style = string(text)
	case "page.html":
		t.page, err = template.New(name).Parse(string(text))
	default:
		return t.language(strings.ToLower(strings.TrimSuffix(name, ".yaml")), text)
	}
	return err
}

// language reads the sentences of one language. A built-in one may be changed in part.
func (t *theme) language(tag string, text []byte) error {
	w := &wording{}
	if known := t.languages[tag]; known != nil {
		*w = *known
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(w); err != nil {
		return err
	}
	w.Lang = tag
	v := reflect.ValueOf(*w)
	for i := range v.NumField() {
		if v.Field(i).String() == "" {
			return fmt.Errorf("has no %q; give every sentence", v.Type().Field(i).Tag.Get("yaml"))
		}
	}
	t.languages[tag] = w
	return nil
}

// speak picks the language that is preferred of those there are (RFC 9110 §12.5.4).
func (t *theme) speak(accept string) *wording {
	type wish struct {
		tag     string
		quality float64
	}
	var wishes []wish
	for item := range strings.SplitSeq(accept[:min(len(accept), 500)], ",") {
		tag, weight, _ := strings.Cut(item, ";")
		w := wish{strings.ToLower(strings.TrimSpace(tag)), 1}
		if q, ok := strings.CutPrefix(strings.TrimSpace(weight), "q="); ok {
			w.quality, _ = strconv.ParseFloat(q, 64) // what is no number is not wanted
		}
		wishes = append(wishes, w)
	}
	slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(b.quality, a.quality) })
	for _, w := range wishes {
		primary, _, _ := strings.Cut(w.tag, "-")
		if words := cmp.Or(t.languages[w.tag], t.languages[primary]); words != nil && w.quality > 0 {
			return words
		}
	}
	return t.languages["en"]
}
