package document

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// The file format of SQLite (sqlite.org/fileformat2.html). Its values stand one behind the
// other, so read as they are, the words of two columns are one, and integers are no digits.

const (
	sqliteMagic = "SQLite format 3\x00"
	sqliteHead  = 100
	sqliteChunk = 1 << 20 // bytes of one part of the text
	sqliteOut   = 8       // bytes read and written for each byte of the file, at most: cells may share bytes
)

// sqlite is the reading of one database.
type sqlite struct {
	w            *walk
	path         string
	data, rest   []byte // rest: what no record holds, with zeros in their place
	page, usable int
	out          []byte
	room         int // bytes that may still be read and written
}

// sqlite reads the records of every page, those that were deleted too, and then what else the
// file holds.
func (w *walk) sqlite(path string, data []byte) {
	s := &sqlite{w: w, path: path, data: data, room: sqliteOut * len(data)}
	if len(data) >= sqliteHead {
		if s.page = int(binary.BigEndian.Uint16(data[16:])); s.page == 1 {
			s.page = 1 << 16
		}
		s.usable = s.page - int(data[20])
	}
	if s.page < 512 || s.page&(s.page-1) != 0 || s.usable < 480 {
		w.note(Broken)
		w.text(path, runs(data, 3))
		return
	}
	s.rest = bytes.Clone(data)
	for at := 0; at < len(data) && !w.over && s.room > 0; at += s.page {
		if w.left.Late() {
			w.limit(budget.Time)
			break
		}
		s.readPage(data[at:min(len(data), at+s.page)], at)
	}
	if s.room <= 0 { // no database has so many records of the same bytes; what is left shows as runs
		w.note(Broken)
	}
	s.flush()
	w.text(path, runs(s.rest, leastRun))
}

func (s *sqlite) flush() {
	s.w.text(s.path, s.out)
	s.out = nil
}

// readPage reads the cells of one page of a table or an index; other pages have none.
func (s *sqlite) readPage(page []byte, at int) {
	head := 0
	if at == 0 {
		head = sqliteHead
	}
	if len(page) < head+12 {
		return
	}
	kind, cells, first := page[head], int(binary.BigEndian.Uint16(page[head+3:])), head+8
	most, skip := s.usable-35, 0
	switch kind {
	case 13: // leaf of a table
	case 10: // leaf of an index
		most = (s.usable-12)*64/255 - 23
	case 2: // inner page of an index: the page on the left stands before the record
		most, skip, first = (s.usable-12)*64/255-23, 4, head+12
	default:
		return
	}
	clear(s.rest[at+head : at+min(len(page), first+2*cells)]) // where the cells are
	for i := 0; i < cells && first+2*i+2 <= len(page) && s.room > 0; i++ {
		cell := int(binary.BigEndian.Uint16(page[first+2*i:])) + skip
		if cell >= len(page) {
			continue
		}
		size, n := sqliteVarint(page[cell:])
		cell += n
		if kind == 13 {
			_, n = sqliteVarint(page[min(cell, len(page)):]) // the row's number
			cell += n
		}
		if n == 0 || size == 0 || size > uint64(len(s.data)) || cell >= len(page) {
			continue
		}
		s.record(s.payload(at+cell, int(size), most))
	}
}

// payload returns the size bytes of a record, of which those that have no room on the page are in a
// chain of others. It clears them in rest.
func (s *sqlite) payload(at, size, most int) []byte {
	local := size
	if size > most {
		least := (s.usable-12)*32/255 - 23
		if local = least + (size-least)%(s.usable-4); local > most {
			local = least
		}
	}
	end := min(len(s.data), at+local)
	clear(s.rest[at:end])
	if local == size {
		return s.data[at:end]
	}
	out := bytes.Clone(s.data[at:end])
	for end+4 <= len(s.data) && len(out) < size && len(out) < s.room {
		next := int(binary.BigEndian.Uint32(s.data[end:])) - 1
		if next < 1 || next >= (len(s.data)+s.page-1)/s.page {
			break
		}
		from := next*s.page + 4
		to := min(len(s.data), next*s.page+s.usable, from+size-len(out))
		if from >= to {
			break
		}
		out = append(out, s.data[from:to]...)
		clear(s.rest[from:to])
		end = next * s.page
	}
	return out
}

// record writes the values of a record: the types of all, then the values.
func (s *sqlite) record(r []byte) {
	s.room -= len(r)
	head, n := sqliteVarint(r)
	if n == 0 || head > uint64(len(r)) {
		return
	}
	types, values := r[n:max(n, int(head))], r[max(n, int(head)):]
	before := len(s.out)
	for len(types) > 0 {
		kind, n := sqliteVarint(types)
		if n == 0 {
			break
		}
		types = types[n:]
		size := sqliteSize(kind)
		if size > uint64(len(values)) {
			size = uint64(len(values)) // the record is cut short
		}
		s.value(kind, values[:size])
		values = values[size:]
		s.out = append(s.out, '\t')
	}
	s.out = append(s.out, '\n')
	s.room -= len(s.out) - before
	if len(s.out) >= sqliteChunk {
		s.flush()
	}
}

// value writes one value.
func (s *sqlite) value(kind uint64, v []byte) {
	switch {
	case kind >= 1 && kind <= 6 && len(v) > 0:
		n := int64(int8(v[0]))
		for _, b := range v[1:] {
			n = n<<8 | int64(b)
		}
		s.out = strconv.AppendInt(s.out, n, 10)
	case kind == 7 && len(v) == 8:
		s.out = strconv.AppendFloat(s.out, math.Float64frombits(binary.BigEndian.Uint64(v)), 'f', -1, 64)
	case kind < 12:
	case kind%2 == 0: // a blob
		s.out = append(s.out, runs(v, leastRun)...)
	case binary.BigEndian.Uint32(s.data[56:]) == 2:
		s.out = appendUTF16(s.out, v)
	case binary.BigEndian.Uint32(s.data[56:]) == 3:
		v = bytes.Clone(v)
		for i := 0; i+1 < len(v); i += 2 {
			v[i], v[i+1] = v[i+1], v[i]
		}
		s.out = appendUTF16(s.out, v)
	default:
		s.out = append(s.out, v...)
	}
}

// sqliteSize returns how many bytes a value of that type takes.
func sqliteSize(kind uint64) uint64 {
	switch {
	case kind < 5:
		return kind
	case kind == 5:
		return 6
	case kind < 8:
		return 8
	case kind < 12:
		return 0
	}
	return (kind - 12) / 2
}

// sqliteVarint reads a number of one to nine bytes; n is 0 when it is cut short.
func sqliteVarint(b []byte) (v uint64, n int) {
	for n < 8 && n < len(b) {
		v = v<<7 | uint64(b[n]&0x7f)
		if n++; b[n-1] < 0x80 {
			return v, n
		}
	}
	if n == 8 && len(b) > 8 {
		return v<<8 | uint64(b[8]), 9
	}
	return 0, 0
}
