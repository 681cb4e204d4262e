package dlp

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/internal/nearest"
	"github.com/sluice-dlp/sluice/internal/rulefiles"
)

// Rules are parsed and validated detectors and profiles. They are immutable and safe for
// concurrent use.
type Rules struct {
	detectors []*detector // sorted by id
	profiles  []*profile  // sorted by id
	version   string
}

// Load parses every *.yaml and *.yml under each file system. A later source overrides by id.
// Its error joins every mistake, each with file, line and remedy, and wraps [ErrProfile].
// A file whose own tests fail is a mistake.
func Load(sources ...fs.FS) (*Rules, error) {
	l := load(sources)
	l.selfTest()
	if err := l.errs.err(); err != nil {
		return nil, err
	}
	return l.rules(), nil
}

// Defined returns the ids of the profiles that sources define, whatever mistakes [Load] finds
// in them; ok is false when a file is such that there may be more.
func Defined(sources ...fs.FS) (ids map[string]bool, ok bool) {
	l := load(sources)
	ids = map[string]bool{}
	for id := range l.profiles {
		ids[id] = true
	}
	return ids, !l.blind
}

// Source makes a file system of a directory, or of one YAML file with the files it names,
// whose mistakes are reported with the path that was given.
func Source(name string) (fs.FS, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("open profiles: %w", err)
	}
	if info.IsDir() {
		return source{FS: os.DirFS(name), prefix: filepath.ToSlash(name)}, nil
	}
	dir, file := filepath.Split(name)
	if dir == "" {
		return source{FS: os.DirFS("."), only: file}, nil
	}
	return source{FS: os.DirFS(dir), prefix: filepath.ToSlash(filepath.Clean(dir)), only: file}, nil
}

// source is a file system that knows what its user calls it.
type source struct {
	fs.FS
	prefix, only string
}

// loading is the state of one Load.
type loading struct {
	errs      mistakes
	detectors map[string]*detector
	profiles  map[string]*profile
	files     []string
	hash      [sha256.Size]byte
	blind     bool         // not every file could be read
	holds     map[int]bool // sources with something in them
}

func load(sources []fs.FS) *loading {
	l := &loading{detectors: map[string]*detector{}, profiles: map[string]*profile{}, holds: map[int]bool{}}
	for i, src := range sources {
		s, ok := src.(source)
		if !ok {
			s = source{FS: src}
		}
		l.source(s, i)
	}
	l.link()
	return l
}

// source reads all files of one source.
func (l *loading) source(s source, index int) {
	err := fs.WalkDir(s.FS, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			l.errs.add(path.Join(s.prefix, name), 0, "cannot be read: %v", err)
			l.blind = true
			return nil
		case d.IsDir():
			if rulefiles.IsCopy(d.Name()) || s.only != "" && name != "." {
				return fs.SkipDir
			}
			return nil
		case s.only != "" && name != s.only, s.only == "" && !rulefiles.Is(name):
			return nil
		}
		l.file(s, name, index)
		return nil
	})
	if err != nil {
		l.errs.add(s.prefix, 0, "cannot be read: %v", err)
	}
}

func (l *loading) file(s source, name string, index int) {
	shown := path.Join(s.prefix, name)
	data, err := readFile(s.FS, name, maxFile)
	if err != nil {
		l.errs.add(shown, 0, "cannot be read: %v", err)
		l.blind = true
		return
	}
	l.digest(data)
	l.files = append(l.files, shown)
	open := func(other string) ([]byte, error) {
		data, err := readFile(s.FS, path.Join(path.Dir(name), other), maxNamedFile)
		l.digest(data)
		return data, err
	}
	got := parseFile(shown, data, open, &l.errs)
	l.blind = l.blind || got.blind
	l.holds[index] = l.holds[index] || got.blind || len(got.detectors)+len(got.profiles) > 0
	for _, d := range got.detectors {
		if d.source = index; d.id != "" {
			l.define(d)
		}
	}
	for _, p := range got.profiles {
		if p.source = index; p.id != "" {
			l.defineProfile(p)
		}
	}
}

// maxNamedFile bounds word lists, hash files and fingerprints.
const maxNamedFile = 256 << 20

// readFile reads a file within a limit; its error does not repeat the name.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("%q leaves the directory", name)
	}
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%d bytes; the limit is %d", info.Size(), limit)
	}
	return fs.ReadFile(fsys, name)
}

// digest chains what was read into the version of the rules.
func (l *loading) digest(data []byte) {
	sum := sha256.Sum256(data)
	l.hash = sha256.Sum256(append(l.hash[:], sum[:]...))
}

func (l *loading) define(d *detector) {
	if old := l.detectors[d.id]; old != nil && old.source == d.source {
		l.errs.add(d.file, d.line, "detector %q is already defined at %s:%d; give one of them another id", d.id, old.file, old.line)
		return
	}
	l.detectors[d.id] = d
}

func (l *loading) defineProfile(p *profile) {
	if old := l.profiles[p.id]; old != nil && old.source == p.source {
		l.errs.add(p.file, p.line, "profile %q is already defined at %s:%d; give one of them another id", p.id, old.file, old.line)
		return
	}
	l.profiles[p.id] = p
}

// link resolves the ids and tags that profiles use.
func (l *loading) link() {
	ids, tags := []string{}, map[string][]string{}
	for id, d := range l.detectors {
		ids = append(ids, id)
		for _, t := range d.tags {
			tags[t] = append(tags[t], id)
		}
	}
	known := make([]string, 0, len(tags))
	for t := range tags {
		known = append(known, t)
	}
	slices.Sort(ids)
	slices.Sort(known)
	for _, p := range l.profiles {
		p.detectors = map[string]int{}
		for _, u := range p.uses {
			switch {
			case u.tag != "" && tags[u.tag] == nil:
				l.errs.add(p.file, u.line, "profile %q: no detector has the tag %q%s", p.id, u.tag, nearest.Hint(u.tag, known))
			case u.id != "" && l.detectors[u.id] == nil:
				l.errs.add(p.file, u.line, "profile %q: no detector %q%s", p.id, u.id, nearest.Hint(u.id, ids))
			case u.id != "":
				p.detectors[u.id] = u.count
			}
			for _, id := range tags[u.tag] {
				if p.detectors[id] == 0 { // a use by id says more than one by tag
					p.detectors[id] = u.count
				}
			}
		}
	}
}

func (l *loading) rules() *Rules {
	r := &Rules{version: hex.EncodeToString(l.hash[:8])}
	for _, d := range l.detectors {
		r.detectors = append(r.detectors, d)
	}
	for _, p := range l.profiles {
		r.profiles = append(r.profiles, p)
	}
	slices.SortFunc(r.detectors, func(a, b *detector) int { return strings.Compare(a.id, b.id) })
	slices.SortFunc(r.profiles, func(a, b *profile) int { return strings.Compare(a.id, b.id) })
	return r
}
