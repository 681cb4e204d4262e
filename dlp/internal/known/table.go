package known

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"sort"
	"strings"
)

// Limits of a table.
const (
	maxCells   = 20_000_000 // the file that holds them fits what a profile may name
	maxColumns = 64
	longest    = 6 // words of a cell that is looked for
	shortest   = 3 // bytes of one

	rowBits = 26 // of a cell's tag; the rest is its column
	maxRows = 1 << rowBits
)

// Table finds cells of a registered table that belong to one row. It is immutable.
type Table struct {
	Columns []string

	hashes  []byte // cells × 8: the hash of the value, ascending
	tags    []byte // cells × 4: its column and row, ascending among equal hashes
	check   []byte
	longest int // words of the longest cell
	hasher  hasher
	sieve   []uint64 // a bit for every hash, so that most words need no search
}

const tableMagic = "SLUICE-EDM 1\n"

// tableHead is the first line behind the magic.
type tableHead struct {
	Columns []string `json:"columns"`
	Rows    int      `json:"rows"`
	Cells   int      `json:"cells"`
	Words   int      `json:"words"`
	Check   []byte   `json:"check"`
}

// Stats says what a build took in.
type Stats struct {
	Rows, Cells int
	Skipped     int // cells that are too short or too long to be told from other text
}

// byteOrderMark begins files of spreadsheets, also in front of a quote.
const byteOrderMark = "\ufeff"

// BuildTable reads CSV with a heading line and writes the keyed hashes of the given columns
// (nil: all).
func BuildTable(w io.Writer, r io.Reader, key []byte, columns []string) (Stats, error) {
	buffered := bufio.NewReader(r)
	if mark, _ := buffered.Peek(len(byteOrderMark)); string(mark) == byteOrderMark { // reading tells what cannot be read
		_, _ = buffered.Discard(len(mark))
	}
	in := csv.NewReader(buffered)
	in.ReuseRecord = true
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return Stats{}, errors.New("the file is empty; want a heading line such as last_name,account, and rows below it")
		}
		return Stats{}, fmt.Errorf("read the heading line: %w", err)
	}
	wanted, names, err := choose(head, columns)
	if err != nil {
		return Stats{}, err
	}
	b := tableBuilder{hasher: newHasher(key, "cell")}
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Stats{}, fmt.Errorf("read row %d: %w", b.stats.Rows+1, err)
		}
		for i, column := range wanted {
			if column < len(record) {
				b.cell(i, record[column])
			}
		}
		if b.stats.Rows++; len(b.cells) > maxCells || b.stats.Rows >= maxRows {
			return Stats{}, fmt.Errorf("more than %d cells or %d rows; choose fewer columns or split the table", maxCells, maxRows)
		}
	}
	return b.stats, b.write(w, tableHead{Columns: names, Rows: b.stats.Rows, Check: keyCheck(key)})
}

// choose finds the columns in the heading.
func choose(head, columns []string) (wanted []int, names []string, err error) {
	for i := range head {
		head[i] = strings.TrimSpace(head[i])
	}
	if len(columns) == 0 {
		columns = head
	}
	if len(columns) > maxColumns {
		return nil, nil, fmt.Errorf("%d columns; the limit is %d", len(columns), maxColumns)
	}
	for _, name := range columns {
		i := slices.Index(head, name)
		if i < 0 {
			return nil, nil, fmt.Errorf("no column %q; the heading line has %s", name, strings.Join(head, ", "))
		}
		wanted = append(wanted, i)
		names = append(names, name)
	}
	return wanted, slices.Clone(names), nil
}

type cell struct {
	hash uint64
	tag  uint32
}

type tableBuilder struct {
	hasher hasher
	cells  []cell
	words  int
	stats  Stats
	buf    []byte
}

func (b *tableBuilder) cell(column int, value string) {
	list, folded := words([]byte(value))
	b.buf = phrase(b.buf[:0], list, folded)
	if len(list) == 0 || len(list) > longest || len(b.buf) < shortest {
		if strings.TrimSpace(value) != "" {
			b.stats.Skipped++
		}
		return
	}
	b.words = max(b.words, len(list))
	b.stats.Cells++
	b.cells = append(b.cells, cell{b.hasher.sum(b.buf), uint32(column)<<rowBits | uint32(b.stats.Rows)})
}

func (b *tableBuilder) write(w io.Writer, head tableHead) error {
	slices.SortFunc(b.cells, func(x, y cell) int {
		return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.tag, y.tag))
	})
	head.Cells, head.Words = len(b.cells), b.words
	line, err := json.Marshal(head)
	if err != nil {
		return err
	}
	out := append([]byte(tableMagic), line...)
	out = append(out, '\n')
	for _, c := range b.cells {
		out = binary.LittleEndian.AppendUint64(out, c.hash)
	}
	for _, c := range b.cells {
		out = binary.LittleEndian.AppendUint32(out, c.tag)
	}
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("write hashes: %w", err)
	}
	return nil
}

// OpenTable reads what BuildTable wrote. It keeps data.
func OpenTable(data []byte) (*Table, error) {
	rest, ok := bytes.CutPrefix(data, []byte(tableMagic))
	line, cells, found := bytes.Cut(rest, []byte("\n"))
	var head tableHead
	if !ok || !found || json.Unmarshal(line, &head) != nil || head.Cells < 0 || head.Cells > maxCells ||
		len(cells) != head.Cells*12 || head.Words > longest || len(head.Columns) > maxColumns || len(head.Check) != checkSize {
		return nil, ErrFile
	}
	return &Table{
		Columns: head.Columns, hashes: cells[:head.Cells*8], tags: cells[head.Cells*8:], check: head.Check, longest: head.Words,
	}, nil
}

// WithKey returns the table ready to find. It fails with ErrKey for another key.
func (t *Table) WithKey(key []byte) (*Table, error) {
	if !bytes.Equal(t.check, keyCheck(key)) {
		return nil, ErrKey
	}
	open := *t
	open.hasher = newHasher(key, "cell")
	n := len(t.tags) / 4
	open.sieve = make([]uint64, 1<<max(0, bits.Len(uint(n))+3-6))
	for i := range n {
		word, bit := open.sift(open.hash(i))
		open.sieve[word] |= bit
	}
	return &open, nil
}

// sift returns a hash's place in the sieve.
func (t *Table) sift(hash uint64) (word int, bit uint64) {
	return int(hash>>6) & (len(t.sieve) - 1), 1 << (hash & 63)
}

// lookup returns the cells that have a hash, as a range.
func (t *Table) lookup(hash uint64) (from, to int) {
	if word, bit := t.sift(hash); t.sieve[word]&bit == 0 {
		return 0, 0
	}
	n := len(t.tags) / 4
	from = sort.Search(n, func(i int) bool { return t.hash(i) >= hash })
	to = from + sort.Search(n-from, func(i int) bool { return t.hash(from+i) > hash })
	return from, to
}

func (t *Table) hash(i int) uint64 { return binary.LittleEndian.Uint64(t.hashes[i*8:]) }
func (t *Table) row(i int) uint32  { return binary.LittleEndian.Uint32(t.tags[i*4:]) & (maxRows - 1) }

func (t *Table) column(i int) int { return int(binary.LittleEndian.Uint32(t.tags[i*4:]) >> rowBits) }
