package scan

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// fits returns the groups whose class at place j has b, as exactly as a kernel looks them up.
func (t *tables) fits(kernel string, j int, b byte) (slots, keys uint32, heads uint8) {
	g := t.groupsOf(b)
	switch kernel {
	case "avx2":
		code := seen(t.avx2.slotCode[8:], b)
		if b < utf8.RuneSelf {
			code = seen(t.avx2.slotCode[:8], max(b, b&15|0x10))
		}
		g.slot[j] = 0
		for p := range avx2Planes {
			g.slot[j] |= uint32(t.avx2.slot[j][p][code>>7][code&15]) << (8 * p)
		}
		if j >= keyBytes {
			return g.slot[j], ^uint32(0), 0xff
		}
		if code = seen(t.avx2.keyCode[keyRows:], b); b < utf8.RuneSelf {
			code = seen(t.avx2.keyCode[:keyRows], b>>1&0x20|b&0x1f)
		}
		g.key[j], g.head[j] = 0, t.avx2.head[j][code>>7][code&15]
		for p := range planes {
			g.key[j] |= uint32(t.avx2.key[j][p][code>>7][code&15]) << (8 * p)
		}
	case "avx512vbmi":
		code := t.vbmi.code[b]
		for p := range planes {
			g.slot[j] = g.slot[j]&^(0xff<<(8*p)) | uint32(t.vbmi.slot[j][p][code])<<(8*p)
			if j < keyWindow {
				g.key[j] = g.key[j]&^(0xff<<(8*p)) | uint32(t.vbmi.key[j][p][code])<<(8*p)
				g.head[j] = t.vbmi.head[j][code]
			}
		}
	}
	if j >= keyWindow {
		return g.slot[j], ^uint32(0), 0xff
	}
	return g.slot[j], g.key[j], g.head[j]
}

// seen returns the code that rows have for a byte.
func seen(rows [][16]uint8, b byte) (code uint8) {
	for _, row := range rows[int(b>>4)%len(rows):] {
		code ^= row[b&15]
	}
	return code
}

// foundIn returns where the portable kernel must see something in the first block of v, in
// which words begin at starts.
func (t *pairTable) foundIn(v []byte, starts, loose uint64) (found uint64) {
	pair := func(i int) *pairEntry { return &t[int(v[i])|int(v[i+1])<<8] }
	for i := range block {
		in := pair(i&^1).first & pair(i&^1+2).later
		if i%2 == 1 {
			in >>= second
		}
		word := true
		for j := i; j < min(i+keyBytes, block); j++ {
			word = word && isWord(v[j])
		}
		if in&(1<<buckets-1) != 0 || word && starts>>i&1 != 0 || loose>>i&1 != 0 {
			found |= 1 << i
		}
	}
	return found
}

// masksAt returns what a kernel must find in the first block of v, and its carry.
func (t *tables) masksAt(kernel string, v []byte, carry, loose uint64) (masks, uint64) {
	var m masks
	counting := uint32(1<<foldGroup - 1)
	if kernel == "avx2" {
		counting = 1<<groups - 1
	}
	for i := range block {
		word := uint64(0)
		if isWord(v[i]) {
			word = 1
		}
		start := word&^carry | loose>>i&1
		carry = word
		slots, keys, heads := ^uint32(0), ^uint32(0), uint8(0xff)
		for j := range window {
			s, k, h := t.fits(kernel, j, v[i+j])
			slots, keys, heads = slots&s, keys&k, heads&h
		}
		if slots&t.any != 0 || start == 1 && slots&t.start != 0 {
			m.slots |= 1 << i
		}
		if keys&counting != 0 || start == 1 && heads != 0 {
			m.keys |= 1 << i
		}
		m.starts |= start << i
		m.folds |= uint64(keys>>foldGroup&1) << i
	}
	if kernel == "portable" {
		m.keys = t.pairs.foundIn(v, m.starts, loose)
		m.slots = m.keys
	}
	if kernel != "avx512vbmi" { // which finds them by a group
		m.folds = 0
		for i := range block {
			if fold := string(v[i : i+2]); fold == string(longS) || fold == string(kelvin)[:2] {
				m.folds |= 1 << i
			}
		}
	}
	return m, carry
}

// kernelsAgree runs every kernel over text and compares with what is said of it.
func kernelsAgree(t *testing.T, tb *tables, text []byte, carry, loose uint64) {
	t.Helper()
	n := min(batch, len(text)/block)
	if n == 0 {
		return
	}
	v := append(bytes.Clone(text[:n*block]), make([]byte, window)...)
	copy(v[n*block:], text[n*block:])
	for _, k := range kernels() {
		got, c := new(findings), carry
		gotCarry := k.run(tb, v, n, carry, loose, got)
		for i := range n {
			var want masks
			if want, c = tb.masksAt(k.name, v[i*block:], c, loose); got.masks[i] != want {
				t.Fatalf("%s: block %d %q: got %x, want %x", k.name, i, v[i*block:(i+1)*block+window], got.masks[i], want)
			}
		}
		if gotCarry != c {
			t.Errorf("%s: carry %d, want %d", k.name, gotCarry, c)
		}
	}
}

// noPairs is a table with nothing in its buckets but one.
var noPairs = sync.OnceValue(newPairTable)

var ordinarySample = sync.OnceValue(newSample)

// randomTables have classes of all sizes in random groups.
func randomTables(r *rand.Rand) *tables {
	t := &tables{}
	var kinds kindSet
	class := func() (s byteSet) {
		for range 1 + r.IntN(4) {
			lo := byte(r.UintN(256))
			s.addRange(lo, lo|byte(r.UintN(256)))
		}
		return s
	}
	for g := range groups {
		q := sequence{n: 1 + r.IntN(window)}
		for i := range q.n {
			q.class[i] = class()
		}
		wordStart := r.IntN(2) == 0
		t.setSlots(g, &q, wordStart)
		kinds.addBucketed(&q, wordStart)
	}
	for g := range groups {
		q := sequence{n: 1 + r.IntN(keyWindow)}
		for i := range q.n {
			q.class[i] = class()
		}
		t.setKeys(g, &q)
		kinds.addBucketed(&q, false)
		t.setHeads(g%startGroups, &q)
	}
	for _, k := range kernels() {
		if k.coders != nil {
			slots, _ := newCoding(t, &k.coders[0], mergeSteps[0], ordinarySample())
			keys, _ := newCoding(t, &k.coders[len(k.coders)-1], mergeSteps[0], ordinarySample())
			k.coded(t, slots, keys)
		}
	}
	t.pairs = new(pairTable)
	*t.pairs = *noPairs()
	for range 4 {
		t.pairs.add(r.IntN(foldBucket), &kinds.all[r.IntN(len(kinds.all))])
	}
	return t
}

func TestKernelsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		tb := randomTables(r)
		for range 20 {
			text := make([]byte, r.IntN(batch*block+200))
			for i := range text {
				text[i] = byte(r.Uint32())
				if r.IntN(3) > 0 {
					text[i] = texts.Alnums[r.IntN(len(texts.Alnums))]
				}
			}
			kernelsAgree(t, tb, text, uint64(r.IntN(2)), r.Uint64()&-uint64(r.IntN(2)))
		}
	}
}

func TestQuadsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	q, x := new(quad), new(batchText)
	for j := range window {
		for b := range 256 {
			for k := range quadWords {
				q.at[b][j][k] = r.Uint64()
			}
		}
	}
	for b := range 256 {
		for j := range farPlaces {
			for k := range quadWords {
				q.far[b][j][k] = r.Uint64() | r.Uint64()
			}
		}
	}
	m := new([batch]masks)
	for k := range m {
		m[k].starts = r.Uint64()
	}
	for k := range quadWords {
		q.begin[1][k] = ^uint64(0)
		q.begin[0][k] = r.Uint64() & r.Uint64()
	}
	for i := range x {
		x[i] = byte(r.Uint32())
	}
	var at []uint16
	for i := range batch * block {
		if r.IntN(3) > 0 {
			at = append(at, uint16(i))
		}
	}
	want := make([]quadHit, len(at))
	want = want[:portableQuad(q, m, x, at, want)]
	if len(want) < 10 || len(want) == len(at) {
		t.Fatalf("%d of %d places hold: not a test", len(want), len(at))
	}
	for _, k := range kernels() {
		got := make([]quadHit, len(at))
		if got = got[:k.quad(q, m, x, at, got)]; !slices.Equal(got, want) {
			t.Errorf("%s: %d places, or others, want %d", k.name, len(got), len(want))
		}
		if n := k.quad(q, m, x, nil, nil); n != 0 {
			t.Errorf("%s: %d of no places", k.name, n)
		}
	}
}

func TestPlacesAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 20 {
		ms := make([]masks, r.IntN(batch+1))
		for k := range ms {
			ms[k] = masks{slots: r.Uint64() & r.Uint64() & r.Uint64(), keys: r.Uint64() &^ -uint64(r.IntN(2)), folds: 1}
		}
		for _, which := range []field{ofSlots, ofKeys} {
			want := portablePlaces(ms, which, new(places))
			for _, k := range kernels() {
				if got := k.places(ms, which, new(places)); !slices.Equal(got, want) {
					t.Errorf("%s: %d places, or others, want %d", k.name, len(got), len(want))
				}
			}
		}
	}
}

func TestKeysAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	x := new(batchText)
	for i := range x {
		x[i] = byte(r.Uint32())
	}
	tb := randomTables(r)
	for round := range 16 {
		p := &probe{new([mostWords]uint64), mapShift(1 << round)}
		var m [batch]masks
		for k := range m {
			m[k] = masks{slots: r.Uint64(), keys: r.Uint64() &^ -uint64(r.IntN(2))}
			if round == 0 {
				m[k].keys = ^uint64(0)
			}
		}
		for range 300 {
			p.add(uint32(x.at(uint16(r.IntN(batch * block)))))
		}
		n := r.IntN(batch + 1)
		var want []uint16
		slots := m // what the portable kernel leaves of them
		for k := range slots[:n] {
			slots[k].slots = 0
		}
		for i := range uint16(n * block) {
			at := &slots[i/block]
			if at.keys>>(i%block)&1 == 0 {
				continue
			}
			if h := hashed(foldKey(uint32(x.at(i)))) >> p.shift; p.four[h>>6]>>(h&63)&1 != 0 {
				want = append(want, i)
			}
			groups := ^uint32(0)
			for j := range uint16(window) {
				groups &= tb.slotAt[j][x[i+j]]
			}
			if groups&tb.any != 0 || groups != 0 && at.starts>>(i%block)&1 != 0 {
				at.slots |= 1 << (i % block)
			}
		}
		for _, k := range kernels() {
			got := m
			if at := k.keys(tb, p, x, n, &got, new(keyWork)); !slices.Equal(at, want) {
				t.Errorf("%s, round %d: %d places, or others, want %d", k.name, round, len(at), len(want))
			}
			left := m
			if k.name == "portable" {
				left = slots
			}
			if got != left {
				t.Errorf("%s, round %d: other slots than are left", k.name, round)
			}
		}
	}
}

func TestGatesAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	x, m := new(batchText), new([batch]masks)
	for i := range x {
		x[i] = texts.Alnums[r.IntN(len(texts.Alnums))]
	}
	for k := range m {
		m[k].starts = r.Uint64()
	}
	var keys []keyed
	var at []uint16
	var want places
	for i := range uint16(1000) {
		q := sequence{n: window}
		for j := range q.n {
			if q.class[j].add(x[4*i+uint16(j)]); r.IntN(8) == 0 {
				q.class[j].add(byte(r.Uint32()))
			}
		}
		keys = append(keys, keyed{foldKey(uint32(x.at(4 * i))), 0, &q, r.IntN(2) == 0})
		at = append(at, 4*i, 4*i+1)
	}
	kt := newKeyTable(keys)
	n := len(portableGates(kt, m, x, at, &want))
	if n < 500 || n > 1000 {
		t.Fatalf("%d of %d places pass: not a test", n, len(at))
	}
	for _, k := range kernels() {
		if got := k.gates(kt, m, x, at, new(places)); !slices.Equal(got, want[:n]) {
			t.Errorf("%s: %d places, or others, want %d", k.name, len(got), n)
		}
		if got := k.gates(kt, m, x, nil, new(places)); len(got) != 0 {
			t.Errorf("%s: %d of no places", k.name, len(got))
		}
	}
	for i := range uint16(len(keys)) {
		if k := &keys[i]; k.wordStart && m[4*i/block].starts>>(4*i%block)&1 == 0 {
			continue
		}
		if !slices.Contains(want[:n], 4*i) {
			t.Errorf("place %d, which has a key, does not pass", 4*i)
		}
	}
}

// TestPairsFind asks the table of pairs for what is in it, at even and at odd positions.
func TestPairsFind(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	tb := &tables{}
	var kinds kindSet
	var all []kind
	for range 200 {
		k := kind{sequence{n: 1 + r.IntN(window)}, r.IntN(2) == 0}
		for j := range k.q.n {
			lo := texts.Alnums[r.IntN(len(texts.Alnums))]
			if j > 0 && r.IntN(4) == 0 {
				lo = byte(r.Uint32())
			}
			k.q.class[j].addRange(lo, lo|byte(r.IntN(4)))
		}
		all = append(all, k)
		kinds.addBucketed(&k.q, k.wordStart)
	}
	tb.pairs = newPairTable()
	tb.pairs.fill(kinds.all, nil, newSample())
	for i := range all {
		k := &all[i]
		v := make([]byte, 2*block+window)
		for j := range v {
			v[j] = ' '
		}
		at := 1 + r.IntN(block)
		for j := range k.q.n {
			for b := byte(r.Uint32()); ; b++ {
				if k.q.class[j].has(b) {
					v[at+j] = b
					break
				}
			}
		}
		out := new(findings)
		portableKernel(tb, v, 2, 0, 0, out)
		if m := out.masks[at/block]; m.keys>>(at%block)&1 == 0 || m.slots != m.keys {
			t.Errorf("%q at %d, which begins a word: %v, is not found", v[at:at+k.q.n], at, k.wordStart)
		}
	}
	if n := len(kinds.all); n < 100 {
		t.Errorf("%d kinds: not a test", n)
	}
}

// fuzzTables are a few, because it takes long to make some.
var fuzzTables = func() (of [8]func() *tables) {
	for i := range of {
		of[i] = sync.OnceValue(func() *tables { return randomTables(rand.New(rand.NewPCG(uint64(i), 1))) })
	}
	return of
}()

func FuzzKernels(f *testing.F) {
	f.Add(uint64(1), []byte("a word, 123-45-6789 and pa\u017fsword \u212a, then more of it and so on until the block is full"))
	f.Fuzz(func(t *testing.T, seed uint64, text []byte) {
		kernelsAgree(t, fuzzTables[seed/2%uint64(len(fuzzTables))](), text, seed&1, 0)
	})
}
