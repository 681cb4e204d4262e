package icap

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// budget is a number of bytes that all requests share.
type budget struct {
	limit int64
	used  atomic.Int64
}

func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.limit {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.used.Add(-n) }

const (
	smallBlock = 1 << 10  // parks the start of a head that stalls
	baseBlock  = 16 << 10 // serves most requests; the most that is not charged to the budget
	minClass   = 10
	maxClass   = 22
)

// block is a buffer of a size class.
type block struct {
	data  []byte
	class uint8
}

// blocks hands out buffers by size class, and charges the large ones to a budget.
type blocks struct {
	memory *budget
	pools  [maxClass - minClass + 1]sync.Pool
}

// get returns a block of at least n bytes, or nil when the budget is spent or n is
// over the largest class.
func (p *blocks) get(n int) *block {
	class := max(bits.Len(uint(n-1)), minClass)
	if class > maxClass {
		return nil
	}
	size := 1 << class
	if size > baseBlock && !p.memory.take(int64(size)) {
		return nil
	}
	if b, ok := p.pools[class-minClass].Get().(*block); ok {
		return b
	}
	return &block{data: make([]byte, size), class: uint8(class)}
}

// put takes a block back. nil is fine.
func (p *blocks) put(b *block) {
	if b == nil {
		return
	}
	if len(b.data) > baseBlock {
		p.memory.give(int64(len(b.data)))
	}
	p.pools[b.class-minClass].Put(b)
}
