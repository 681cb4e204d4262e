package dlp

import (
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-dlp/sluice/dlp/internal/known"
	"github.com/sluice-dlp/sluice/internal/nearest"
)

// EDMStats says what BuildEDM took in.
type EDMStats = known.Stats

// BuildEDM reads CSV with a heading line and writes what a detector's exact: {file: …}
// names: hashes of the cells of columns (nil: all) under key, which must be the engines'
// Options.Key. It holds sixteen bytes a cell in memory and as much again while it writes.
func BuildEDM(w io.Writer, csv io.Reader, key []byte, columns []string) (EDMStats, error) {
	if len(key) != keySize {
		return EDMStats{}, fmt.Errorf("dlp: the key has %d bytes, want %d", len(key), keySize)
	}
	return known.BuildTable(w, csv, key, columns)
}

// AddFingerprint returns the contents of a fingerprint file with one more document, or with
// a newer state of one; file is nil for a new one. Key must be the engines' Options.Key.
// The document's text is not kept, only hashes of passages under the key.
func AddFingerprint(file []byte, name string, text, key []byte) ([]byte, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("dlp: the key has %d bytes, want %d", len(key), keySize)
	}
	return known.AddDocument(file, name, text, key)
}

// exactData finds records of a registered table.
type exactData struct {
	table *known.Table
	want  known.Want
	ready bool
}

func (x exactData) withKey(key []byte) (finder, error) {
	table, err := x.table.WithKey(key)
	return exactData{table, x.want, err == nil}, err
}

func (x exactData) find(text []byte, hit func(start, end int, c Confidence, evidence string)) {
	if x.ready {
		x.table.Find(text, x.want, func(start, end, cells int) {
			hit(start, end, High, fmt.Sprintf("exact data: %d columns of one row", cells))
		})
	}
}

// exact reads exact: {file, columns, require, within}.
func (r *reader) exact(n *yaml.Node, open func(string) ([]byte, error)) finder {
	x := exactData{want: known.Want{Require: 2, Within: 200}}
	var columns []*yaml.Node
	given := false
	r.fields(n, "exact", map[string]func(*yaml.Node){
		"file": func(n *yaml.Node) {
			given = true
			data, ok := r.named(n, "exact.file", open)
			if !ok {
				return
			}
			var err error
			if x.table, err = known.OpenTable(data); err != nil {
				r.fault(n, "exact.file: %v with `sluice profiles edm build`", err)
			}
		},
		"columns": func(n *yaml.Node) { r.items(n, "exact.columns", func(c *yaml.Node) { columns = append(columns, c) }) },
		"require": func(n *yaml.Node) { x.want.Require = r.number(n, "require", 1, 64) },
		"within":  func(n *yaml.Node) { x.want.Within = r.number(n, "within", 1, 1<<16) },
	})
	if !given {
		r.fault(n, "exact has no file; build one with `sluice profiles edm build FILE.csv`")
	}
	if x.table == nil {
		return nil
	}
	for _, c := range columns {
		name := r.text(c, "a column")
		i := slices.Index(x.table.Columns, name)
		if i < 0 {
			r.fault(c, "exact: no column %q in the file%s", name, nearest.Hint(name, x.table.Columns))
			continue
		}
		x.want.Columns = append(x.want.Columns, i)
	}
	if columns == nil {
		for i := range x.table.Columns {
			x.want.Columns = append(x.want.Columns, i)
		}
	}
	if x.want.Require > len(x.want.Columns) {
		r.fault(n, "exact: require is %d of %d columns; lower it", x.want.Require, len(x.want.Columns))
	}
	return x
}

// documents finds passages of registered documents.
type documents struct {
	library    *known.Library
	similarity float64
}

func (x documents) withKey(key []byte) (finder, error) {
	library, err := x.library.WithKey(key)
	return documents{library, x.similarity}, err
}

func (x documents) find(text []byte, hit func(start, end int, c Confidence, evidence string)) {
	x.library.Find(text, x.similarity, func(m known.Match) {
		hit(m.Start, m.End, High, fmt.Sprintf("similarity %.2f to document %q", m.Similarity, m.Name))
	})
}

// fingerprint reads fingerprint: {file, similarity}.
func (r *reader) fingerprint(n *yaml.Node, open func(string) ([]byte, error)) finder {
	x := documents{similarity: 0.3}
	given := false
	r.fields(n, "fingerprint", map[string]func(*yaml.Node){
		"file": func(n *yaml.Node) {
			given = true
			data, ok := r.named(n, "fingerprint.file", open)
			if !ok {
				return
			}
			var err error
			if x.library, err = known.OpenLibrary(data); err != nil {
				r.fault(n, "fingerprint.file: %v with `sluice profiles fingerprint add`", err)
			}
		},
		"similarity": func(n *yaml.Node) { x.similarity = r.ratio(n, "similarity") },
	})
	if !given {
		r.fault(n, "fingerprint has no file; make one with `sluice profiles fingerprint add FILE`")
	}
	if x.library == nil {
		return nil
	}
	return x
}
