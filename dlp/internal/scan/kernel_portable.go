package scan

import (
	"encoding/binary"
	"math/bits"
)

// portableTables are what plain Go looks bytes up in.
type portableTables struct {
	full  [window][256]uint32 // groups of slots, by place and byte
	count [2]uint32           // those that count: anywhere, and where a word begins
	pairs *pairTable
}

func newPortableTables(t *tables, pairs *pairTable) *portableTables {
	return &portableTables{t.slotAt, [2]uint32{t.any, t.any | t.start}, pairs}
}

// portableKernel is the kernel in plain Go. It reports, for slots as for keys, where a bucket
// of the pair table holds or a word begins that has four bytes in the block, as far as that
// goes; portableKeys looks closer, at both.
func portableKernel(t *tables, v []byte, n int, carry, loose uint64, out *findings) uint64 {
	pairs := t.portable.pairs
	for k := range n {
		x := (*[block + window]byte)(v[k*block:])
		words, found := pairs.block(x)
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

// portableKeys is the keysKernel in plain Go. Of what the masks have for slots, it leaves
// where a group of slots holds.
func portableKeys(t *tables, p *probe, x *batchText, n int, m *[batch]masks, w *keyWork) []uint16 {
	c := 0
	for k := range m[:n] {
		c = w.packed.write(c, k, m[k].keys)
		m[k].slots = 0
	}
	keys, slots := t.portable.sift(p, x, c, w)
	for _, i := range w.maybe[:slots] {
		m := &m[i/block&(batch-1)]
		g := t.portable.groups(x, i) & t.portable.count[m.starts>>(i%block)&1]
		m.slots |= nonzero(g) << (i % block)
	}
	return w.found[:keys]
}

// sift looks at n packed places of x. It returns how many w.found has then, at which p may
// have a key, and how many w.maybe has, at which some group of slots holds.
func (t *portableTables) sift(p *probe, x *batchText, n int, w *keyWork) (found, maybe int) {
	f, four, shift := &t.full, p.four, p.shift&31
	_, _, _ = x[0], w.packed[0], four[0] // so that the loop need not ask whether there are any
	for j := range n {
		i := w.packed.at(j)
		y := (*[window]byte)(x[i : i+window])
		w.found[found], w.maybe[maybe] = uint16(i), uint16(i)
		h := hashed(foldKey(binary.LittleEndian.Uint32(y[:]))) >> shift
		g := f[0][y[0]] & f[1][y[1]] & f[2][y[2]] & f[3][y[3]] & f[4][y[4]] & f[5][y[5]] & f[6][y[6]] & f[7][y[7]]
		found += int(four[h>>6%mostWords] >> (h & 63) & 1)
		maybe += int(nonzero(g))
	}
	return found, maybe
}

// nonzero returns 1 if g is not 0.
func nonzero(g uint32) uint64 { return -uint64(g) >> 63 }

// groups returns the groups of slots that hold at position i.
func (t *portableTables) groups(x *batchText, i uint16) uint32 {
	f, y := &t.full, x[i&inBatch:]
	return f[0][y[0]] & f[1][y[1]] & f[2][y[2]] & f[3][y[3]] & f[4][y[4]] & f[5][y[5]] & f[6][y[6]] & f[7][y[7]]
}

// packedPlaces is a list of positions in a batch, two bytes each, that is written four at a
// time.
type packedPlaces [2 * (batch*block + ahead)]byte

// eachPlace has a 1 for each of four positions.
const eachPlace = 0x0001_0001_0001_0001

// at returns the position at index j.
func (p *packedPlaces) at(j int) int {
	return int(binary.LittleEndian.Uint16(p[2*(j&inBatch):])) & inBatch
}

// write writes the positions that m has in block k behind the first n, and returns how many
// there are then.
func (p *packedPlaces) write(n, k int, m uint64) int {
	base := uint64(k*block) * eachPlace
	for range block / 8 {
		o := &placesOf[m&255]
		to := p[2*(n&inBatch):][:16]
		binary.LittleEndian.PutUint64(to, o.at[0]+base)
		binary.LittleEndian.PutUint64(to[8:], o.at[1]+base)
		n += o.n
		m >>= 8
		base += 8 * eachPlace
	}
	return n
}

// placesOf has, for each byte, the places of its bits, two bytes each, lowest first, and how
// many they are.
var placesOf = func() (of [256]struct {
	at [2]uint64
	n  int
},
) {
	for b := range of {
		o := &of[b]
		for m := b; m != 0; m &= m - 1 {
			o.at[o.n/4] |= uint64(bits.TrailingZeros(uint(m))) << (o.n % 4 * 16)
			o.n++
		}
	}
	return of
}()
