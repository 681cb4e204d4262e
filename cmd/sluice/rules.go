package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/profiles"
)

// dirFS is a directory that tells its path, so that messages name whole files.
type dirFS struct {
	fs.FS
	dir string
}

// String returns the directory's path.
func (d dirFS) String() string { return d.dir }

func catalogueSources(f *config.File) []fs.FS {
	sources := []fs.FS{classify.Builtin()}
	for _, dir := range f.Catalogue.Dirs {
		sources = append(sources, dirFS{os.DirFS(dir), dir})
	}
	return sources
}

func loadCatalogue(f *config.File) (*classify.Catalogue, error) {
	return classify.Load(catalogueSources(f)...)
}

// profileSources returns the built-in profiles and those at paths.
func profileSources(paths []string) ([]fs.FS, error) {
	sources := []fs.FS{profiles.FS}
	for _, path := range paths {
		source, err := dlp.Source(path)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return sources, nil
}

func loadEngine(f *config.File, keys keyring) (*dlp.Engine, error) {
	sources, err := profileSources(f.Profiles.Dirs)
	if err != nil {
		return nil, err
	}
	rules, err := dlp.Load(sources...)
	if err != nil {
		return nil, err
	}
	return dlp.New(rules, dlp.Options{Key: keys.derive(useFingerprint)})
}

// ruleset is what one snapshot is made of, but for the statuses.
type ruleset struct {
	catalogue *classify.Catalogue
	engine    *dlp.Engine
	policy    *policy.Policy
}

// loadRules loads catalogue, profiles and policy; its error joins the mistakes of all.
func loadRules(f *config.File, keys keyring) (*ruleset, error) {
	var rs ruleset
	var errs [3]error
	rs.catalogue, errs[0] = loadCatalogue(f)
	rs.engine, errs[1] = loadEngine(f, keys)
	rs.policy, errs[2] = loadPolicy(f, rs.catalogue, rs.engine)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return &rs, nil
}

// names sets what names in a policy are checked against: what is loaded or, when that could
// not be, what the files define, so that what is broken is told once. A name is not checked
// when that cannot be known.
func names(o *policy.Options, f *config.File, catalogue *classify.Catalogue, engine *dlp.Engine) {
	if engine != nil {
		o.HasProfile = engine.HasProfile
	} else if sources, err := profileSources(f.Profiles.Dirs); err == nil {
		if ids, ok := dlp.Defined(sources...); ok {
			o.HasProfile = func(id string) bool { return ids[id] }
		}
	}
	if catalogue == nil {
		if ids, ok := classify.Defined(catalogueSources(f)...); ok {
			o.HasApp = func(id string) bool { return ids[id] || strings.Contains(id, ".") }
		}
		return
	}
	o.HasApp = catalogue.Named
	o.App = func(id string) (policy.App, bool) {
		app, ok := catalogue.App(id)
		if !ok {
			return policy.App{}, false
		}
		return policy.App{ID: app.ID, Name: app.Name, Vendor: app.Vendor, Category: app.Category}, true
	}
}

// maxPolicy bounds a policy file in bytes.
const maxPolicy = 16 << 20

func loadPolicy(f *config.File, catalogue *classify.Catalogue, engine *dlp.Engine) (*policy.Policy, error) {
	if f.Policy.File == "" {
		return policy.Default(), nil
	}
	file, err := os.Open(f.Policy.File)
	if err != nil {
		return nil, fmt.Errorf("read policy.file: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxPolicy+1))
	if err == nil && len(data) > maxPolicy {
		err = fmt.Errorf("%s is larger than %d bytes", f.Policy.File, maxPolicy)
	}
	if err != nil {
		return nil, fmt.Errorf("read policy.file: %w", err)
	}
	if len(bytes.TrimSpace(data)) == 0 { // cut off by whoever writes it, or by a full disk: the defaults may be milder
		return nil, fmt.Errorf("%s is empty; write its rules, or leave policy.file out for the defaults", f.Policy.File)
	}
	var o policy.Options
	for _, c := range classify.Categories() {
		o.Categories = append(o.Categories, c.ID)
	}
	names(&o, f, catalogue, engine)
	return policy.Parse(f.Policy.File, data, o)
}
