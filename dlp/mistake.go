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
