// Package theme loads how the pages for employees look and what they say: a template, a
// style sheet and languages, built in and laid over by the company's own files.
package theme

import (
	"bytes"
	"cmp"
	"crypto/sha256"
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

// Theme is a template, a style sheet and the same sentences in several languages. W is a
// struct of strings with a yaml tag each. It is immutable and safe for concurrent use.
type Theme[W any] struct {
	page      *template.Template
	style     string
	languages map[string]*W
}

// Load reads layers one over the other; nil ones are skipped. Of each it reads page.html,
// page.css, and languages as fr.yaml, pt-br.yaml; there must be an en.yaml. A language that
// an earlier layer has may be given in part. The error joins every mistake.
func Load[W any](layers ...fs.FS) (*Theme[W], error) {
	t := &Theme[W]{languages: map[string]*W{}}
	var mistakes []error
	for _, f := range layers {
		if f != nil {
			mistakes = append(mistakes, t.layer(f))
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	if t.page == nil || t.languages["en"] == nil {
		return nil, errors.New("pages: want page.html and en.yaml")
	}
	return t, nil
}

// Render writes the page for data. Nothing is written when it fails.
func (t *Theme[W]) Render(w io.Writer, data any) error {
	var b bytes.Buffer
	if err := t.page.Execute(&b, data); err != nil {
		return fmt.Errorf("pages: page.html: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Style returns the style sheet, for a style element.
func (t *Theme[W]) Style() template.CSS { return template.CSS(t.style) }

// StyleSource returns the style sheet's hash as a source of a Content-Security-Policy.
func (t *Theme[W]) StyleSource() string {
	sum := sha256.Sum256([]byte(t.style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// layer reads the files of one file system over what there is.
func (t *Theme[W]) layer(f fs.FS) error {
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

func (t *Theme[W]) file(name string, text []byte) (err error) {
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
func (t *Theme[W]) language(tag string, text []byte) error {
	w := new(W)
	if known := t.languages[tag]; known != nil {
		*w = *known
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(w); err != nil {
		return err
	}
	v := reflect.ValueOf(*w)
	for i := range v.NumField() {
		if v.Field(i).String() == "" {
			return fmt.Errorf("has no %q; give every sentence", v.Type().Field(i).Tag.Get("yaml"))
		}
	}
	t.languages[tag] = w
	return nil
}

// Words picks the language that an Accept-Language field prefers of those there are (RFC
// 9110 §12.5.4), and returns its tag and its sentences, which the caller must not change.
func (t *Theme[W]) Words(accept string) (lang string, words *W) {
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
		for _, tag := range []string{w.tag, primary} {
			if words := t.languages[tag]; words != nil && w.quality > 0 {
				return tag, words
			}
		}
	}
	return "en", t.languages["en"]
}
