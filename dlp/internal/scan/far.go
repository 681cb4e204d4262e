package scan

import "regexp/syntax"

// farPlaces is how many bytes right behind the kernel's window the exact tables look at. By
// then most of what looks like a number or a token by chance has ended or gone on otherwise.
const farPlaces = 8

// anywhere is what stands there where nothing is known.
var anywhere = [farPlaces]byteSet{anyByte, anyByte, anyByte, anyByte, anyByte, anyByte, anyByte, anyByte}

// lookFar enters what the slots must show there.
func (p *plan) lookFar(db *DB) {
	var prog *syntax.Prog
	of := int32(-1)
	for i := range p.slots {
		s := &p.slots[i]
		q := &p.quads[i/(quadWords*wordSlots)]
		if s.far != nil {
			q.setFar(s.far, i)
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
		q.setFar(&far, i)
	}
}

// setFar enters what slot i must show.
func (q *quad) setFar(far *[farPlaces]byteSet, i int) {
	for j := range far {
		far[j].each(func(b byte) { q.far[b][j].add(i) })
	}
}

// farClasses follows prog, which shows q behind base bytes, and returns what can stand
// behind the window, in folded text.
func farClasses(prog *syntax.Prog, q *sequence, base int) [farPlaces]byteSet {
	var class [window + farPlaces]byteSet
	for j := range class {
		class[j] = q.at(j)
	}
	narrow(prog, class[:], base)
	return [farPlaces]byteSet(class[window:])
}

// narrow narrows classes of folded text, which stand behind base bytes, to what prog can read.
func narrow(prog *syntax.Prog, class []byteSet, base int) {
	f := follower{prog: prog, seen: make([]uint8, len(prog.Inst)), folded: true}
	f.enter(uint32(prog.Start), false, false)
	for at := -base; at < len(class) && !f.free; at++ {
		last := f.ended
		if at < 0 {
			f.read(anyByte)
		} else if read := f.read(class[at]); last {
			class[at] = class[at].intersect(read.union(behindWord))
		} else {
			class[at] = read
		}
		if last {
			break
		}
	}
}
