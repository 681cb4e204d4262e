package event

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"time"
)

// Rows of an outbox alone are kept packed: many in one row of SQLite. A pack is its version
// and then row after row; a row is a mask of the columns that differ from the row before
// (before the first: from nothing), and those columns. Most do not differ.

// Limits of a pack: it ends after the row that reaches one of them.
const (
	packRows  = 256
	packBytes = 256 << 10
)

const packVersion = 1

// What follows the columns in a mask.
const (
	packSealed = columnCount
	packCounts = columnCount + 1
	packBits   = columnCount + 2
)

// packer makes packs, one at a time.
type packer struct {
	body      []byte // the pack
	rows      int    // in it
	now, last []any  // pointers to the columns of a row and of the row before
	stamps    [2]Stamp
	columns   []byte
}

// pack makes body a pack of the first rows, and returns how many they are.
func (p *packer) pack(kind int, rows []*Numbered) int {
	p.begin()
	for p.rows < len(rows) && p.rows < packRows && len(p.body) < packBytes {
		p.add(kind, rows[p.rows])
	}
	return p.rows
}

// begin begins a pack without rows.
func (p *packer) begin() {
	var nothing Numbered
	p.body, p.rows = append(p.body[:0], packVersion), 0
	p.last = nothing.Event.dest(&nothing.raw, &p.stamps[1], p.last[:0]...)
}

// add appends a row, which stays as it is until the next was added.
func (p *packer) add(kind int, row *Numbered) {
	ts := &p.stamps[p.rows%2]
	*ts = Stamp(row.Event.Time)
	p.now = row.Event.dest(&row.raw, ts, p.now[:0]...)
	var mask uint64
	p.columns = p.columns[:0]
	for i, from := range p.now {
		switch from := from.(type) {
		case *string:
			if last, ok := p.last[i].(*string); !ok || *last != *from {
				mask |= 1 << i
				p.columns = append(binary.AppendUvarint(p.columns, uint64(len(*from))), *from...)
			}
		case *int64:
			if last, ok := p.last[i].(*int64); !ok || *last != *from {
				mask |= 1 << i
				p.columns = binary.AppendVarint(p.columns, *from)
			}
		case *Stamp:
			mask |= 1 << i
			p.columns = binary.AppendVarint(p.columns, time.Time(*from).UnixMicro())
		}
	}
	if sealed := row.raw.sealed; sealed != nil {
		mask |= 1 << packSealed
		p.columns = append(binary.AppendUvarint(p.columns, uint64(len(sealed))), sealed...)
	}
	if kind == kindCount {
		mask |= 1 << packCounts
	}
	p.body = append(binary.AppendUvarint(p.body, mask), p.columns...)
	p.now, p.last = p.last, p.now
	p.rows++
}

// errPack says that a pack is not what pack makes.
var errPack = errors.New("packed rows are not whole, or of a later version")

// unpacker reads packs row by row.
type unpacker struct {
	row  Numbered // what next has read; its texts share the memory of the pack
	ts   Stamp
	dest []any
	rest string
	left int64
}

// each calls f for each row of a pack, which is then u.row. last is the number of the last of n.
func (u *unpacker) each(last, n int64, body string, f func() error) error {
	if err := u.open(last, n, body); err != nil {
		return fmt.Errorf("event number %d: %w", last, err)
	}
	for {
		more, err := u.next()
		if err != nil {
			return fmt.Errorf("event number %d: %w", u.row.Seq+1, err)
		}
		if !more {
			return nil
		}
		if err := f(); err != nil {
			return err
		}
	}
}

// kind is that of the row.
func (row *Numbered) kind() int {
	if row.Counts {
		return kindCount
	}
	return kindEvent
}

func (u *unpacker) open(last, n int64, body string) error {
	if n < 1 || n > last || len(body) < 1 || body[0] != packVersion {
		return errPack
	}
	u.rest, u.left = body[1:], n
	u.row, u.ts = Numbered{Seq: last - n}, Stamp{}
	u.dest = u.row.Event.dest(&u.row.raw, &u.ts, u.dest[:0]...)
	return nil
}

// next reads one more row. It reports false at the end of the pack.
func (u *unpacker) next() (bool, error) {
	if u.left == 0 {
		if u.rest != "" {
			return false, errPack
		}
		return false, nil
	}
	mask, ok := u.uint()
	if !ok || mask>>packBits != 0 {
		return false, errPack
	}
	for columns := mask & (1<<columnCount - 1); columns != 0; columns &= columns - 1 {
		if !u.column(u.dest[bits.TrailingZeros64(columns)]) {
			return false, errPack
		}
	}
	u.row.raw.sealed = nil
	if mask&(1<<packSealed) != 0 {
		text, ok := u.text()
		if !ok {
			return false, errPack
		}
		u.row.raw.sealed = []byte(text)
	}
	u.row.Counts = mask&(1<<packCounts) != 0
	u.row.Event.scanned(&u.row.raw, u.ts)
	u.row.Seq++
	u.left--
	return true, nil
}

func (u *unpacker) column(to any) (ok bool) {
	switch to := to.(type) {
	case *string:
		*to, ok = u.text()
	case *int64:
		*to, ok = u.int()
	case *Stamp:
		var micros int64
		micros, ok = u.int()
		*to = Stamp(time.UnixMicro(micros).UTC())
	}
	return ok
}

func (u *unpacker) text() (string, bool) {
	n, ok := u.uint()
	if !ok || n > uint64(len(u.rest)) {
		return "", false
	}
	text := u.rest[:n]
	u.rest = u.rest[n:]
	return text, true
}

func (u *unpacker) int() (int64, bool) {
	n, ok := u.uint()
	return int64(n>>1) ^ -int64(n&1), ok // as binary.Varint
}

// uint is binary.Uvarint of a string.
func (u *unpacker) uint() (n uint64, ok bool) {
	for i := 0; i < len(u.rest) && i < binary.MaxVarintLen64; i++ {
		b := u.rest[i]
		if i == binary.MaxVarintLen64-1 && b > 1 {
			return 0, false
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			u.rest = u.rest[i+1:]
			return n, true
		}
	}
	return 0, false
}
