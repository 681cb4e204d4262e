package dlp

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing an author got wrong, with the place and the remedy. It wraps
// [ErrProfile].
type Mistake struct { //nolint:errname // it is what the author of a profile made
	File string // as the source names it
	Line int    // from 1; zero when the mistake has no line
	Text string // what is wrong, and how to mend it
}

// Error returns "file:line: what is wrong and how to mend it".
func (m *Mistake) Error() string {
	if m.Line == 0 {
		return m.File + ": " + m.Text
	}
	return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Text)
}

// Unwrap returns ErrProfile.
func (m *Mistake) Unwrap() error { return ErrProfile }

// mistakes gathers what is wrong over all files of one load.
type mistakes []*Mistake

func (m *mistakes) add(file string, line int, format string, args ...any) {
	*m = append(*m, &Mistake{File: file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// err joins the mistakes in the order of files and lines; nil without any.
func (m mistakes) err() error {
	slices.SortStableFunc(m, func(a, b *Mistake) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	errs := make([]error, len(m))
	for i := range m {
		errs[i] = m[i]
	}
	return errors.Join(errs...)
}

// didYouMean returns ` (did you mean "x"?)` for the known name nearest to a wrong one, or
// "" when none is near.
func didYouMean(wrong string, known []string) string {
	best, distance := "", len(wrong)/3+2
	for _, k := range known {
		if d := editDistance(wrong, k); d < distance || d == distance && best != "" && k < best {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// editDistance counts the insertions, deletions and substitutions between two short names.
func editDistance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
