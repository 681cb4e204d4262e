package scan

import (
	"encoding/binary"
	"math/bits"
)

// rowSet tells which of up to 64 rows a text shows, all at once, byte by byte.
type rowSet struct {
	class [256]uint8 // of bytes that no row tells apart
	shift uint
	has   []uint64 // by place and class, the rows with such a byte there; a place has 1<<shift
	ends  []uint64 // by length, the rows that have it
}

const mostInSet = 64

// newRowSet makes the set of r, which are at most mostInSet.
func newRowSet(r rows) *rowSet {
	longest := 0
	for _, row := range r {
		longest = max(longest, len(row))
	}
	s := &rowSet{ends: make([]uint64, longest+1)}
	for i, row := range r {
		s.ends[len(row)] |= 1 << i
	}
	all := make([]uint64, 256*longest)
	for i, row := range r {
		for j, class := range row {
			class.each(func(c byte) { all[int(c)*longest+j] |= 1 << i })
		}
	}
	var kinds [][]uint64
	known := map[string]uint8{}
	var key []byte
	for c := range 256 {
		at := all[c*longest:][:longest]
		key = key[:0]
		for _, rows := range at {
			key = binary.LittleEndian.AppendUint64(key, rows)
		}
		k, ok := known[string(key)]
		if !ok {
			k = uint8(len(kinds))
			known[string(key)] = k
			kinds = append(kinds, at)
		}
		s.class[c] = k
	}
	s.shift = uint(bits.Len(uint(len(kinds) - 1)))
	s.has = make([]uint64, longest<<s.shift)
	for k, at := range kinds {
		for j, rows := range at {
			s.has[j<<s.shift+k] = rows
		}
	}
	return s
}

// at returns the rows that have c at place j, which is less than the longest length.
func (s *rowSet) at(j int, c byte) uint64 { return s.has[j<<s.shift+int(s.class[c])] }
