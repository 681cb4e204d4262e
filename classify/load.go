package classify

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-dlp/sluice/internal/nearest"
	"github.com/sluice-dlp/sluice/internal/rulefiles"
)

//go:embed catalogue
var embedded embed.FS

// maxFile bounds one file of a catalogue.
const maxFile = 1 << 20

// Builtin returns the file system of the embedded catalogue.
func Builtin() fs.FS {
	sub, err := fs.Sub(embedded, "catalogue")
	if err != nil { // only for a name that is no path
		return embedded
	}
	return sub
}

// Load reads every *.yaml under each file system; a later one adds apps and overrides
// earlier ones by id. Its error joins every mistake, each with file, line and remedy. A
// file system that has a String method is named by it in front of the file.
func Load(sources ...fs.FS) (*Catalogue, error) {
	l := readAll(sources)
	c := l.build()
	if err := l.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Defined returns the ids of the apps that sources define, whatever mistakes [Load] finds in
// them; ok is false when a file is such that there may be more.
func Defined(sources ...fs.FS) (ids map[string]bool, ok bool) {
	l := readAll(sources)
	ids = map[string]bool{}
	for id := range l.apps {
		ids[id] = true
	}
	return ids, !l.blind && !ids[""]
}

func readAll(sources []fs.FS) *loader {
	l := &loader{
		problems: &problems{}, hash: sha256.New(),
		apps: map[string]*definition{}, protocols: map[string]*definition{},
	}
	for i, src := range sources {
		l.source(i, src)
	}
	return l
}

type loader struct {
	*problems
	blind     bool // not every file could be read
	hash      hash.Hash
	apps      map[string]*definition
	protocols map[string]*definition
	found     []Fixture
}

func (l *loader) source(number int, src fs.FS) {
	prefix := ""
	if s, ok := src.(fmt.Stringer); ok {
		prefix = s.String() + "/"
	}
	err := fs.WalkDir(src, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			l.add(prefix+name, "%v", err)
			l.blind = true
			return nil
		}
		if e.IsDir() && rulefiles.IsCopy(e.Name()) {
			return fs.SkipDir
		}
		if e.IsDir() || !rulefiles.Is(name) {
			return nil
		}
		data, err := readBounded(src, name)
		if err != nil {
			l.add(prefix+name, "%v", err)
			l.blind = true
			return nil
		}
		fmt.Fprintf(l.hash, "%d %s %d\n", number, name, len(data))
		l.hash.Write(data)
		defs, ok := parseFile(document{prefix + name, l.problems}, data)
		l.blind = l.blind || !ok
		for _, def := range defs {
			def.source, def.shaped = number, number
			l.take(def)
			l.fixtures(src, path.Dir(name), def)
		}
		return nil
	})
	if err != nil {
		l.add(prefix, "%v", err)
	}
}

func readBounded(src fs.FS, name string) ([]byte, error) {
	f, err := src.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("is larger than %d bytes; split it", maxFile)
	}
	return data, err
}

// parseFile reads the documents of one file; ok is false when one of them cannot be read.
func parseFile(d document, data []byte) (defs []*definition, ok bool) {
	ok = true
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var root yaml.Node
		err := dec.Decode(&root)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			d.add(d.syntax(err))
			return nil, false
		}
		if len(root.Content) == 1 {
			def := d.parse(root.Content[0])
			if def == nil {
				ok = false
				continue
			}
			defs = append(defs, def)
		}
	}
	return defs, ok
}

// syntax turns "yaml: line 3: text" into place and text.
func (d document) syntax(err error) (at, text string) {
	text = strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if line, what, ok := strings.Cut(rest, ": "); ok {
			return d.file + ":" + line, strings.ReplaceAll(what, "%", "%%")
		}
	}
	return d.file, strings.ReplaceAll(text, "%", "%%")
}

// take adds a definition, or lays it over that of an earlier source.
func (l *loader) take(def *definition) {
	if def.protocol != "" {
		if old := l.protocols[def.protocol]; old != nil && old.source == def.source {
			l.add(def.at, "protocol %q: is defined at %s too; keep one", def.protocol, old.at)
			return
		}
		l.protocols[def.protocol] = def
		return
	}
	id := def.app.ID
	old := l.apps[id]
	switch {
	case old == nil:
		if missing := def.missing(); len(missing) > 0 {
			l.add(def.at, "app %q: is new and needs %s", id, strings.Join(missing, ", "))
		}
		def.hosts = append(def.hosts, def.extra.hosts...)
		def.endpoints = append(slices.Clone(def.extra.endpoints), def.endpoints...)
		l.apps[id] = def
	case old.source == def.source:
		l.add(def.at, "app %q: is defined at %s too; keep one", id, old.at)
	default:
		old.lay(def)
	}
}

// lay puts what def says over what an earlier source said.
func (old *definition) lay(def *definition) {
	a, b := &old.app, &def.app
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&a.Name, b.Name},
		{&a.Vendor, b.Vendor},
		{&a.Category, b.Category},
		{&a.Country, b.Country},
		{&a.Status, b.Status},
		{&a.Visibility, b.Visibility},
		{&a.ErrorShape, b.ErrorShape},
		{&old.scope, def.scope},
	} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	if b.Terms != nil {
		a.Terms = b.Terms
	}
	if def.protocols != nil || def.hasHosts || def.hasEndpoints || len(def.extra.endpoints) > 0 {
		old.shaped = def.source
	}
	if def.protocols != nil {
		old.protocols = def.protocols
	}
	if def.hasHosts {
		old.hosts = def.hosts
	}
	if def.hasEndpoints {
		old.endpoints = def.endpoints
	}
	old.hosts = append(slices.Clone(old.hosts), def.extra.hosts...)
	old.endpoints = append(slices.Clone(def.extra.endpoints), old.endpoints...)
	old.source, old.at = def.source, def.at
}

// build compiles the definitions.
func (l *loader) build() *Catalogue {
	c := &Catalogue{
		byID: map[string]*entry{}, hosts: map[string][]claim{}, shapes: map[string]*shape{},
		anySession:   &Endpoint{Method: "GET", Path: "**", Activity: "session", Carrier: "none", Evidence: "inferred"},
		anyRaw:       &Endpoint{Path: "**", Activity: "upload", Carrier: "raw", Evidence: "inferred"},
		anyMultipart: &Endpoint{Path: "**", Activity: "upload", Carrier: "multipart", Evidence: "inferred"},
	}
	for _, id := range slices.Sorted(maps.Keys(l.protocols)) {
		l.buildShapes(c, l.protocols[id])
	}
	for _, id := range slices.Sorted(maps.Keys(l.apps)) {
		e := l.buildApp(l.apps[id])
		c.apps = append(c.apps, e.app)
		c.byID[id] = e
		l.claim(c, e)
	}
	c.fixtures = l.found
	c.version = hex.EncodeToString(l.hash.Sum(nil)[:8])
	return c
}

func (l *loader) buildShapes(c *Catalogue, def *definition) {
	kind := func(e *Endpoint) *shape {
		return &shape{endpoint: e, errorShape: def.app.ErrorShape, category: cmp.Or(def.app.Category, "model-api")}
	}
	for _, e := range def.endpoints {
		if e.line || e.holds != nil {
			c.dialects = append(c.dialects, dialect{rule: compile(e.Endpoint), shape: kind(e.Endpoint), line: e.line, holds: e.holds})
		}
		old := c.shapes[e.shape]
		if e.shape == "" || old != nil && old.endpoint.Source == e.Source {
			continue // the first of an item's paths stands for all
		}
		if old != nil {
			l.add(e.Source, "shape %q: is the name of the endpoint at %s too; keep one", e.shape, old.endpoint.Source)
			continue
		}
		c.shapes[e.shape] = kind(e.Endpoint)
	}
}

func (l *loader) buildApp(def *definition) *entry {
	app := def.app
	app.Source = def.at
	e := &entry{app: &app, source: def.source, shaped: def.shaped}
	if app.Visibility == "" {
		app.Visibility = "full"
	}
	for _, h := range def.hosts {
		if h.Scope == "" {
			h.Scope = "host"
			if def.scope != "" {
				h.Scope = def.scope
			}
		}
		app.Hosts = append(app.Hosts, h)
	}
	for _, p := range def.endpoints {
		e.add(p.Endpoint)
	}
	for _, name := range def.protocols {
		p, ok := l.protocols[name]
		if !ok {
			l.add(def.at, "app %q: protocols: %q is not defined%s", app.ID, name, nearest.Hint(name, slices.Sorted(maps.Keys(l.protocols))))
			continue
		}
		if app.ErrorShape == "" {
			app.ErrorShape = p.app.ErrorShape
		}
		e.shaped = max(e.shaped, p.source)
		for _, pe := range p.endpoints {
			e.add(pe.Endpoint)
		}
	}
	return e
}
