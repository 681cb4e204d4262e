// Package known recognises what was registered before: cells of tables and passages of
// documents. Only keyed hashes of them are kept, so a file that leaks tells nothing to those
// who lack the key.
package known

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/bits"
)

// ErrKey says that a file was made with another key.
var ErrKey = errors.New("made with another key; build it again with this one, or set keys.file to the key it was made with")

// ErrFile says that a file is not what it should be.
var ErrFile = errors.New("damaged or of another kind; build it again")

// hasher is SipHash-2-4 (Aumasson and Bernstein, 2012) under a key of its own: a keyed
// function made for short inputs.
type hasher struct{ k0, k1 uint64 }

// newHasher derives the hash key for one use.
func newHasher(key []byte, use string) hasher {
	sum := derive(key, use)
	return hasher{binary.LittleEndian.Uint64(sum), binary.LittleEndian.Uint64(sum[8:])}
}

func derive(key []byte, use string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("known\x00" + use))
	return mac.Sum(nil)
}

// checkSize is the length of the value by which a file knows its key.
const checkSize = 16

func keyCheck(key []byte) []byte { return derive(key, "check")[:checkSize] }

// sum returns the hash of data.
func (h hasher) sum(data []byte) uint64 {
	v0, v1 := h.k0^0x736f6d6570736575, h.k1^0x646f72616e646f6d
	v2, v3 := h.k0^0x6c7967656e657261, h.k1^0x7465646279746573
	round := func() {
		v0 += v1
		v1 = bits.RotateLeft64(v1, 13) ^ v0
		v0 = bits.RotateLeft64(v0, 32)
		v2 += v3
		v3 = bits.RotateLeft64(v3, 16) ^ v2
		v0 += v3
		v3 = bits.RotateLeft64(v3, 21) ^ v0
		v2 += v1
		v1 = bits.RotateLeft64(v1, 17) ^ v2
		v2 = bits.RotateLeft64(v2, 32)
	}
	total := len(data)
	for len(data) >= 8 {
		m := binary.LittleEndian.Uint64(data)
		v3 ^= m
		round()
		round()
		v0 ^= m
		data = data[8:]
	}
	last := uint64(total) << 56
	for i, c := range data {
		last |= uint64(c) << (8 * i)
	}
	v3 ^= last
	round()
	round()
	v0 ^= last
	v2 ^= 0xff
	for range 4 {
		round()
	}
	return v0 ^ v1 ^ v2 ^ v3
}
