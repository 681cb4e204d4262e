package scan

import "encoding/binary"

// portableKernel is the kernel in plain Go. It reports, for slots as for keys, where a bucket
// of the pair table holds or a word begins that has four bytes in the block, as far as that
// goes; portableKeys looks closer, at both.
func portableKernel(t *tables, v []byte, n int, carry, loose uint64, out *findings) uint64 {
	for k := range n {
		x := (*[block + window]byte)(v[k*block:])
		words, found := t.pairs.block(x)
		starts := words&^(words<<1|carry) | loose
		carry = words >> (block - 1)
		m := &out.masks[k&(batch-1)]
		*m = masks{starts: starts}
		if !isASCII(x) {
			m.folds = foldsAmong(x, found)
		}
		found |= starts&(words>>1|1<<63)&(words>>2|3<<62)&(words>>3|7<<61) | loose
		m.slots, m.keys = found, found
	}
	return carry
}

func isASCII(x *[block + window]byte) bool {
	const highBits = 0x8080808080808080
	u := uint64(0)
	for i := 0; i < len(x); i += 8 {
		u |= binary.LittleEndian.Uint64(x[i:])
	}
	return u&highBits == 0
}

// foldsAmong returns those of the positions m of a block at which ſ or K may stand.
func foldsAmong(x *[block + window]byte, m uint64) (folds uint64) {
	for ; m != 0; m &= m - 1 {
		i := trailing(m)
		if a, b := x[i], x[i+1]; a == 0xc5 && b == 0xbf || a == 0xe2 && b == 0x84 {
			folds |= 1 << i
		}
	}
	return folds
}

// portableKeys is the keysKernel in plain Go. Of what the masks have for slots it leaves where
// a group of slots holds.
func portableKeys(t *tables, p *probe, x *batchText, n int, m *[batch]masks, w *keyWork) []uint16 {
	f, four, shift := &t.slotAt, p.four, p.shift&31
	_, _, _ = x[0], w.found[0], four[0] // so that the loop need not ask whether there are any
	count := [2]uint32{t.any, t.any | t.start}
	c := 0
	for k := range m[:n] {
		v := (*[block + window]byte)(x[k&(batch-1)*block:])
		slots, starts := uint64(0), m[k].starts
		for rest := m[k].keys; rest != 0; rest &= rest - 1 {
			i := trailing(rest)
			y := (*[window]byte)(v[i : i+window])
			w.found[c&inBatch] = uint16(k*block + i)
			h := hashed(foldKey(binary.LittleEndian.Uint32(y[:]))) >> shift
			c += int(four[h>>6%mostWords] >> (h & 63) & 1)
			g := count[starts>>i&1] & f[0][y[0]] & f[1][y[1]] & f[2][y[2]] & f[3][y[3]] & f[4][y[4]] & f[5][y[5]] & f[6][y[6]] & f[7][y[7]]
			slots |= nonzero(g) << i
		}
		m[k].slots = slots
	}
	return w.found[:c]
}

// nonzero returns 1 if g is not 0.
func nonzero(g uint32) uint64 { return -uint64(g) >> 63 }
