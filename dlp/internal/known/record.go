package known

import (
	"math/bits"
	"sort"
)

// Want says which cells make a record.
type Want struct {
	Columns []int // indexes into Table.Columns
	Require int   // how many different ones of a row
	Within  int   // bytes from the first to the last
}

// rare is how many rows may share a value from which a search sets out. The other values
// of a record may be as common as they like.
const rare = 16

// near bounds how many sightings around one are looked at.
const near = 64

// sighting is a cell's value seen in a text.
type sighting struct {
	start, end int
	column     int
	from, to   int // its rows, as a range of cells
}

func (s *sighting) rare() bool { return s.to-s.from <= rare }

// Find calls hit, in order, for every place where enough cells of one row stand together.
func (t *Table) Find(text []byte, want Want, hit func(start, end, cells int)) {
	seen := t.sightings(text, want.Columns)
	last := 0
	for i := range seen {
		if !seen[i].rare() || seen[i].start < last {
			continue
		}
		if start, end, cells := t.record(around(seen, i, want.Within), &seen[i], want); cells > 0 && start >= last {
			hit(start, end, cells)
			last = end
		}
	}
}

// sightings looks up every run of up to the longest cell's words.
func (t *Table) sightings(text []byte, columns []int) []sighting {
	list, folded := words(text)
	wanted := uint64(0)
	for _, c := range columns {
		wanted |= 1 << c
	}
	var out []sighting
	var buf []byte
	for i := range list {
		for n := 1; n <= t.longest && i+n <= len(list); n++ {
			if n > 1 && list[i+n-1].start-list[i+n-2].end > 3 {
				break // too far apart for one value
			}
			if buf = phrase(buf[:0], list[i:i+n], folded); len(buf) < shortest {
				continue
			}
			from, to := t.lookup(t.hasher.sum(buf))
			for from < to {
				column := t.column(from)
				end := from + sort.Search(to-from, func(k int) bool { return t.column(from+k) != column })
				if wanted&(1<<column) != 0 {
					out = append(out, sighting{list[i].start, list[i+n-1].end, column, from, end})
				}
				from = end
			}
		}
	}
	return out
}

// around returns the sightings that can be in one record with the one at i.
func around(seen []sighting, i, within int) []sighting {
	from, to := i, i+1
	for from > 0 && i-from < near/2 && seen[i].end-seen[from-1].start <= within {
		from--
	}
	for to < len(seen) && to-i < near/2 && seen[to].end-seen[i].start <= within {
		to++
	}
	return seen[from:to]
}

// record looks for a row of one sighting that has enough columns near it.
func (t *Table) record(nearby []sighting, about *sighting, want Want) (start, end, cells int) {
	columns := uint64(0)
	for i := range nearby {
		columns |= 1 << nearby[i].column
	}
	if bits.OnesCount64(columns) < want.Require {
		return 0, 0, 0
	}
	for i := about.from; i < about.to; i++ {
		row := t.row(i)
		var own [near]*sighting
		n := 0
		for j := range nearby {
			if t.has(&nearby[j], row) {
				own[n] = &nearby[j]
				n++
			}
		}
		if start, end, cells = together(own[:n], want); cells > 0 {
			return start, end, cells
		}
	}
	return 0, 0, 0
}

// together looks for the first stretch of a row's sightings that is short enough and has
// enough columns.
func together(own []*sighting, want Want) (start, end, cells int) {
	for i, first := range own {
		columns, last := uint64(1)<<first.column, first.end
		for _, s := range own[i+1:] {
			if columns&(1<<s.column) == 0 && s.start >= first.end && s.end-first.start <= want.Within {
				columns |= 1 << s.column
				last = max(last, s.end)
			}
		}
		if n := bits.OnesCount64(columns); n >= want.Require {
			return first.start, last, n
		}
	}
	return 0, 0, 0
}

// has reports whether a sighting's value is in a row.
func (t *Table) has(s *sighting, row uint32) bool {
	i := s.from + sort.Search(s.to-s.from, func(i int) bool { return t.row(s.from+i) >= row })
	return i < s.to && t.row(i) == row
}
