package dlp

import "bytes"

const (
	farthestHeading = 64 << 10 // bytes of rows above a value that are searched for their heading
	longestRow      = 4 << 10
)

// table is the one that the last value stood in: values mostly come row after row.
type table struct {
	row, rowEnd int // the row; rowEnd 0: none
	head        []byte
	delimiter   byte
	columns     int

	folded []byte
}

// headed looks for one of the words in the heading of the column that text[start:end] is a
// cell of. A table is rows with the same number of tabs, bars, semicolons or commas.
func (h *hints) headed(text []byte, start, end int, t *table) (hint, bool) {
	if !t.holds(text, start, end) {
		return hint{}, false
	}
	column := bytes.Count(text[t.row:start], []byte{t.delimiter})
	head := t.head
	for ; column > 0; column-- {
		head = head[bytes.IndexByte(head, t.delimiter)+1:]
	}
	if i := bytes.IndexByte(head, t.delimiter); i >= 0 {
		head = head[:i]
	}
	t.folded = fold(t.folded[:0], head)
	w, ok := h.find(t.folded, 0)
	return w.hint, ok
}

// holds finds the table around a value and reports whether there is one.
func (t *table) holds(text []byte, start, end int) bool {
	if t.rowEnd > 0 && start >= t.row && end <= t.rowEnd {
		return t.head != nil
	}
	above := text[max(0, start-longestRow):start]
	row := start - len(above) + bytes.LastIndexByte(above, '\n') + 1
	below := text[end:min(len(text), end+longestRow)]
	rowEnd := end + len(below)
	if i := bytes.IndexByte(below, '\n'); i >= 0 {
		rowEnd = end + i
	}
	old := *t
	*t = table{row: row, rowEnd: rowEnd, folded: t.folded}
	if row == 0 || text[row-1] != '\n' || rowEnd < len(text) && text[rowEnd] != '\n' {
		return false
	}
	for _, d := range []byte("\t|;,") {
		if n := bytes.Count(text[row:rowEnd], []byte{d}); n > 0 {
			t.delimiter, t.columns = d, n
			t.climb(text, &old)
			return t.head != nil
		}
	}
	return false
}

// climb goes up from row to row to the first one, or to the one whose heading is known.
func (t *table) climb(text []byte, old *table) {
	for at := t.row; at > 0 && t.row-at < farthestHeading; {
		if old.head != nil && at == old.row && old.delimiter == t.delimiter && old.columns == t.columns {
			t.head = old.head
			return
		}
		above := text[max(0, at-1-longestRow) : at-1]
		from := at - 1 - len(above) + bytes.LastIndexByte(above, '\n') + 1
		line := text[from : at-1]
		if bytes.Count(line, []byte{t.delimiter}) != t.columns {
			return
		}
		t.head, at = line, from
	}
}
