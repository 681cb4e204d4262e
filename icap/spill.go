package icap

import (
	"fmt"
	"os"
	"runtime"
)

const (
	firstStore = 64 << 10  // of a body that outgrows the connection's input
	spillStore = 256 << 10 // of a body that goes to a file
	growth     = 4         // of a store that is full
)

// useStore moves the body out of the connection's input, whose bytes stay where they
// are, into a store of its own.
func (b *Body) useStore() error {
	blocks := &b.conn.srv.blocks
	rest := b.buf[b.v.r:b.v.w]
	if s := blocks.get(b.storeSize(len(b.preview) + len(rest))); s != nil {
		n := copy(s.data, b.preview)
		b.store, b.buf = s, s.data
		b.v = window{end: n, r: n, w: n + copy(s.data[n:], rest)}
		return nil
	}
	// The memory budget is spent: what is here goes to the file.
	if err := b.writeFile(b.preview); err != nil {
		return err
	}
	b.v.start, b.v.end = b.v.r, b.v.r
	b.store = blocks.get(baseBlock) // not charged, never nil
	return nil
}

// storeSize chooses the size of the first store. What Content-Length says is only
// believed while there is plenty of memory.
func (b *Body) storeSize(have int) int {
	srv, x := b.conn.srv, b.conn.x
	size := max(firstStore, 2*have)
	head := x.req.HTTP.Header
	if x.head.method == MethodRespmod {
		head = x.req.Response.Header
	}
	n, ok := number(head.Get("Content-Length"))
	switch {
	case !ok || srv.memory.used.Load() > srv.memory.limit/2:
	case n > srv.o.MaxInMemory:
		b.toFile = true
		return max(size, spillStore)
	default:
		return max(size, int(n+n/16)+firstStore) // with room for the chunk framing of one read
	}
	return size
}

// leaveInput decodes what came with the preview where it lies, and moves the unfinished
// line behind it to the store. It does nothing for a body that is in its store.
func (b *Body) leaveInput() (done bool, err error) {
	if &b.buf[0] == &b.store.data[0] {
		return false, nil
	}
	if done, err = b.dec.decode(b.buf, &b.v); err != nil {
		return false, b.broke(err)
	}
	if err := b.writeFile(b.buf[b.v.start:b.v.end]); err != nil {
		return false, err
	}
	if b.v.start = b.v.end; done {
		return true, nil
	}
	b.v = window{w: copy(b.store.data, b.buf[b.v.r:b.v.w])}
	b.buf = b.store.data
	return false, nil
}

// storeRoom makes sure that more bytes can be received into the store: it compacts,
// grows, or spills it.
func (b *Body) storeRoom() error {
	size := len(b.buf)
	inMemory := !b.toFile && b.content.file == nil
	over := inMemory && int64(b.v.end-b.v.start) > b.conn.srv.o.MaxInMemory
	if !over && size-b.v.w >= size/8 {
		return nil
	}
	b.compact()
	if !over && (size-b.v.w >= size/2 || inMemory && b.grow()) {
		return nil
	}
	return b.spill()
}

// compact closes the gap between the payload and what is not decoded yet.
func (b *Body) compact() {
	n := copy(b.buf[b.v.end:], b.buf[b.v.r:b.v.w])
	b.v.r, b.v.w = b.v.end, b.v.end+n
}

func (b *Body) grow() bool {
	srv := b.conn.srv
	blocks := &srv.blocks
	size := min(growth*len(b.buf), 2*int(srv.o.MaxInMemory)) // chunk framing included
	if size <= len(b.buf) {
		return false
	}
	s := blocks.get(size)
	if s == nil || len(s.data) <= len(b.buf) {
		blocks.put(s)
		return false
	}
	copy(s.data, b.buf[:b.v.w])
	blocks.put(b.store)
	b.store, b.buf = s, s.data
	return true
}

// spill moves the payload to the file and what is not decoded yet to the front.
func (b *Body) spill() error {
	if err := b.writeFile(b.buf[b.v.start:b.v.end]); err != nil {
		return err
	}
	rest := b.buf[b.v.r:b.v.w]
	if len(b.buf) > spillStore { // the rest of the body needs less
		if s := b.conn.srv.blocks.get(spillStore); s != nil {
			b.v = window{w: copy(s.data, rest)}
			b.conn.srv.blocks.put(b.store)
			b.store, b.buf = s, s.data
			return nil
		}
	}
	b.v = window{w: copy(b.buf, rest)}
	return nil
}

// writeFile appends p to the temporary file, within the spill budget.
func (b *Body) writeFile(p []byte) error {
	srv, n := b.conn.srv, int64(len(p))
	if n == 0 {
		return nil
	}
	if !srv.spill.take(n) {
		srv.counts.hit(limitSpill)
		if b.content.fileSize+n > srv.spill.limit {
			return fmt.Errorf("%w: %d bytes", ErrTooLarge, srv.spill.limit)
		}
		return ErrBusy
	}
	f, err := appendSpill(b.content.file, srv.o.SpillDir, p, b.content.fileSize)
	if b.content.file == nil && f != nil {
		b.content.file = f
		srv.counts.spilled.Add(1)
	}
	if err != nil {
		srv.spill.give(n)
		srv.o.Log.Error("spill icap body", "dir", srv.o.SpillDir, "error", err)
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	b.content.fileSize += n
	return nil
}

// appendSpill writes p to f at off; without an f it makes one in dir. The file loses its
// name at once, so that it goes away with the process, however that ends.
func appendSpill(f *os.File, dir string, p []byte, off int64) (*os.File, error) {
	if f == nil {
		var err error
		if f, err = os.CreateTemp(dir, "sluice-body-*"); err != nil {
			return nil, fmt.Errorf("create: %w", err)
		}
		if err := os.Remove(f.Name()); err != nil && runtime.GOOS != "windows" {
			f.Close()
			return nil, fmt.Errorf("unlink: %w", err)
		}
	}
	if _, err := f.WriteAt(p, off); err != nil {
		return f, fmt.Errorf("write: %w", err)
	}
	return f, nil
}

// seal makes what has been received the content.
func (b *Body) seal() {
	switch {
	case b.store != nil || b.content.file != nil:
		b.content.mem = b.buf[b.v.start:b.v.end]
	default:
		b.content.mem = b.preview
	}
	b.content.size = b.content.fileSize + int64(len(b.content.mem))
}

// flow receives the rest of the body and gives its payload to sink piece by piece,
// without keeping it and without touching what has been kept. What follows the body is
// left in b.buf[b.v.r:b.v.w].
func (b *Body) flow(sink func(p []byte) error) error {
	if err := b.proceed(); err != nil {
		return err
	}
	if b.scratch == nil {
		b.scratch = b.conn.srv.blocks.get(baseBlock)
	}
	b.v.start, b.v.end = b.v.r, b.v.r
	for {
		done, err := b.dec.decode(b.buf, &b.v)
		if err != nil {
			return b.broke(err)
		}
		if b.v.end > b.v.start {
			if err := sink(b.buf[b.v.start:b.v.end]); err != nil {
				return err
			}
		}
		if done {
			b.stage = bodyComplete
			return nil
		}
		b.v = window{w: copy(b.scratch.data, b.buf[b.v.r:b.v.w])}
		b.buf = b.scratch.data
		b.arm()
		n, err := b.conn.readInto(b.buf[b.v.w:])
		b.v.w += n
		if err != nil {
			return b.broke(readError(err, limitBodyTime))
		}
		b.conn.tick()
	}
}

// release gives back what the body held.
func (b *Body) release() {
	if b.conn == nil {
		return
	}
	srv := b.conn.srv
	srv.blocks.put(b.store)
	srv.blocks.put(b.scratch)
	b.store, b.scratch = nil, nil
	b.content.release(srv)
}
