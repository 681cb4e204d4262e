package scan

import (
	"encoding/binary"
	"math/bits"
	"os"
	"testing"
)

func TestDiag(t *testing.T) {
	if os.Getenv("DIAG") == "" {
		return
	}
	names, exprs := patternList(t)
	var ps []Pattern
	for _, e := range exprs {
		ps = append(ps, Pattern{Expr: e})
	}
	if os.Getenv("DIAG") == "2" {
		ps = append(ps, Pattern{Words: words(2000), Fold: true, WholeWord: true})
		names = append(names, "words")
	}
	db, _ := Compile(ps, Options{})
	c := ordinary(t)
	tb := &db.plan.tables
	for name, text := range map[string][]byte{"prose": c.prose, "code": c.code, "struct": c.structured} {
		f := new(findings)
		var blocks, slots, keys, starts, exact, wordhit, keyhit, nz float64
		var per [groups]int
		var perKey [groups]int
		perSlot := make([]int, len(db.plan.slots))
		carry := uint64(0)
		for off := 0; off+batch*block+window < len(text); off += batch * block {
			carry = db.kernel(tb, text[off:], batch, carry, 0, f)
			for k := range batch {
				m := f.masks[k]
				blocks++
				if m.slots|m.keys != 0 {
					nz++
				}
				slots += float64(bits.OnesCount64(m.slots))
				keys += float64(bits.OnesCount64(m.keys))
				starts += float64(bits.OnesCount64(m.starts))
				for c := m.slots; c != 0; c &= c - 1 {
					x := text[off+k*block+trailing(c):]
					for g := uint(f.groups[0][k*block+trailing(c)]) | uint(f.groups[1][k*block+trailing(c)])<<8; g != 0; g &= g - 1 {
						per[bits.TrailingZeros(g)]++
					}
					for i := range db.plan.slots {
						if db.plan.slots[i].q.fits(x[:8]) && (!db.plan.slots[i].wordStart || m.starts>>trailing(c)&1 != 0) {
							perSlot[i]++
							exact++
						}
					}
				}
				for c := m.keys; c != 0; c &= c - 1 {
					x := text[off+k*block+trailing(c):]
					g := ^uint16(0)
					for j := range keyWindow {
						g &= tb.key[j].at(x[j])
					}
					for ; g != 0; g &= g - 1 {
						perKey[bits.TrailingZeros16(g)]++
					}
					u := binary.LittleEndian.Uint64(x)
					if l := db.plan.keys.find(u); l != nil {
						wordhit++
						for _, e := range l {
							if db.plan.keys.holds(&e, u) {
								keyhit++
							}
						}
					}
				}
			}
		}
		t.Logf("%s: per block: nonzero %.3f slots %.3f exact %.3f keys %.3f (found %.3f fit %.3f) starts %.2f  groups %v keygroups %v any %016b kany %016b", name, nz/blocks, slots/blocks, exact/blocks, keys/blocks, wordhit/blocks, keyhit/blocks, starts/blocks, per, perKey, tb.slotAny, tb.keyAny)
		for i, n := range perSlot {
			if float64(n) > blocks/200 {
				t.Logf("   %s %s %.4f", names[db.plan.slots[i].pattern], &db.plan.slots[i].q, float64(n)/blocks)
			}
		}
	}
	t.Logf("%d slots %d exact words", len(db.plan.slots), len(db.plan.exact))
}
