package scan

import "regexp/syntax"

// farPlaces is how many bytes right behind the kernel's window the exact tables look at. By
// then most of what looks like a number or a token by chance has ended or gone on otherwise.
const farPlaces = 5

// anywhere is what stands there where nothing is known.
var anywhere = [farPlaces]byteSet{anyByte, anyByte, anyByte, anyByte, anyByte}

// lookFar enters what the slots must show there.
func (p *plan) lookFar(db *DB) {
	var prog *syntax.Prog
	of := int32(-1)
	for i := range p.slots {
		s := &p.slots[i]
		q := &p.quads[i/(quadWords*wordSlots)]
		word, bit := i/wordSlots%quadWords, uint64(1)<<(i%wordSlots)
		if k := i - (len(p.slots) - len(p.shapes)); k >= 0 {
			q.setFar(&p.shapes[k].far, word, bit)
			continue
		}
		pat, a, base := &db.patterns[s.pattern], db.anchors[s.pattern], 0
		if s.pattern != of && pat.words == nil {
			if !a.several() {
				prog = pat.program(0)
			} else {
				prog = pat.program(int(pat.cut))
			}
			of = s.pattern
		}
		if !a.several() {
			base = a.far
		}
		far := anywhere
		if pat.words == nil {
			far = farClasses(prog, &s.q, base)
		}
		q.setFar(&far, word, bit)
	}
}

// setFar enters what one slot must show.
func (q *quad) setFar(far *[farPlaces]byteSet, word int, bit uint64) {
	for j := range far {
		far[j].each(func(b byte) { q.far[b][j][word] |= bit })
	}
}

// farClasses follows prog, which shows q behind base bytes, and returns what can stand
// behind the window, in folded text.
func farClasses(prog *syntax.Prog, q *sequence, base int) [farPlaces]byteSet {
	far := anywhere
	f := follower{prog: prog, seen: make([]uint8, len(prog.Inst)), folded: true}
	f.enter(uint32(prog.Start), false, false)
	for at := -base; at < window+farPlaces && !f.free; at++ {
		last, given := f.ended, anyByte
		if at >= 0 {
			given = q.at(at)
		}
		class := f.read(given)
		if last {
			class = class.union(behindWord)
		}
		if at >= window {
			far[at-window] = class
		}
		if last {
			break
		}
	}
	return far
}
