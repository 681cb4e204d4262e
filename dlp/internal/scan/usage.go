package scan

import "unsafe"

// Usage is what a DB holds and has done. Bytes are near enough, not exact.
type Usage struct {
	Patterns   int
	Unanchored int   // patterns for which RE2 runs over every text
	Tables     int64 // bytes of what Compile made
	Automata   int64 // bytes of the states met so far, which all goroutines share
	Goroutine  int64 // bytes of working space for each scan that runs at a time
	InRE2      int64 // bytes that are inside RE2 now
	Redone     int64 // times that a pattern's budget was spent and RE2 did it again
}

// Usage may be asked while scans run.
func (db *DB) Usage() Usage {
	u := Usage{
		Patterns: len(db.patterns), Unanchored: len(db.twins.all(db.always)), InRE2: db.flight.bytes.Load(), Redone: db.redone.Load(),
		Goroutine: int64(unsafe.Sizeof(run{})) + int64(len(db.patterns))*int64(unsafe.Sizeof(progress{})+2*unsafe.Sizeof(0)+1),
		Tables:    db.plan.bytes(),
	}
	for i := range db.patterns {
		u.Automata += int64(db.patterns[i].memory())
	}
	for _, j := range db.plan.joints {
		u.Automata += j.memory()
	}
	return u
}

// bytes returns what the plan holds, about.
func (p *plan) bytes() int64 {
	k := p.keys
	pairs := int64(0)
	if p.tables.pairs != nil {
		pairs = int64(unsafe.Sizeof(*p.tables.pairs))
	}
	second := int64(0)
	for _, t := range p.second {
		second += int64(unsafe.Sizeof(*t)) + int64(len(t.shapes))*int64(unsafe.Sizeof(shape{}))
	}
	return int64(unsafe.Sizeof(*p)) + pairs + second +
		int64(len(p.slots))*int64(unsafe.Sizeof(slot{})) + int64(len(p.targets))*int64(unsafe.Sizeof(target{})) + int64(len(p.quads))*int64(unsafe.Sizeof(quad{})) +
		8*int64(len(k.four)) + int64(len(k.gates))*int64(unsafe.Sizeof(gate{})) + int64(len(k.lists))*int64(unsafe.Sizeof(keyList{})) +
		int64(len(k.entries))*int64(unsafe.Sizeof(keyEntry{})) + int64(len(k.classes))*int64(unsafe.Sizeof(byteSet{}))
}
