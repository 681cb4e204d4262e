package icap

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

const (
	copyLimit  = 16 << 10  // larger bodies are sent from where they are
	writePiece = 256 << 10 // at a time, so that a slow reader makes progress
)

// writeChunk writes p as one chunk: copied when small, else from where it is.
func (c *conn) writeChunk(p []byte) error { return c.writeChunkWith(p, crlf) }

// chunkEnds is the end of a last chunk and of the body.
var chunkEnds = []byte("\r\n0\r\n\r\n")

// writeChunkWith writes p as one chunk that ends in end.
func (c *conn) writeChunkWith(p, end []byte) error {
	x := c.x
	if len(p) == 0 {
		x.out = append(x.out, end[len(crlf):]...)
		return nil
	}
	x.out = strconv.AppendInt(x.out, int64(len(p)), 16)
	x.out = append(x.out, crlf...)
	if len(p) <= copyLimit {
		x.out = append(append(x.out, p...), end...)
		if len(x.out) > 4*copyLimit {
			return c.flush()
		}
		return nil
	}
	for len(p) > writePiece {
		if err := c.flushWith(p[:writePiece], nil); err != nil {
			return err
		}
		p = p[writePiece:]
	}
	return c.flushWith(p, end)
}

// writeContent writes a body from an offset on; end ends its last chunk.
func (c *conn) writeContent(content *Content, from int64, end []byte) error {
	if from < content.fileSize {
		if err := c.writeFile(content.file, from, content.fileSize); err != nil {
			return err
		}
		from = content.fileSize
	}
	from = min(from-content.fileSize, int64(len(content.mem)))
	return c.writeChunkWith(content.mem[from:], end)
}

// writeFile writes a stretch of a file, chunk by chunk.
func (c *conn) writeFile(f *os.File, from, to int64) error {
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return fmt.Errorf("%w: spilled body: %w", errClosed, err)
	}
	for left := to - from; left > 0; {
		n := min(left, 4*writePiece)
		c.x.out = strconv.AppendInt(c.x.out, n, 16)
		c.x.out = append(c.x.out, crlf...)
		if err := c.flush(); err != nil {
			return err
		}
		if err := c.sendFile(f, n); err != nil {
			return err
		}
		c.x.out = append(c.x.out, crlf...)
		left -= n
	}
	return nil
}

// writeTime is how long a write may make no progress. The reader of a body that passes
// through may be somebody who reads slowly, for whom a proxy alone would wait, too.
func (c *conn) writeTime() time.Duration {
	if c.relaying {
		return max(c.srv.o.WriteTime, maxSilence)
	}
	return c.srv.o.WriteTime
}

// flush sends what is waiting in x.out.
func (c *conn) flush() error {
	if c.x == nil || len(c.x.out) == 0 {
		return nil
	}
	c.armWrite(c.writeTime())
	n, err := c.nc.Write(c.x.out)
	c.x.out = c.x.out[:0]
	return c.wrote(int64(n), err)
}

// flushWith sends what is waiting in x.out, then p and q, in one call.
func (c *conn) flushWith(p, q []byte) error {
	x := c.x
	c.armWrite(c.writeTime())
	x.vecs = [3][]byte{x.out, p, q}
	x.vec = x.vecs[:]
	n, err := x.vec.WriteTo(c.nc)
	x.out = x.out[:0]
	x.vecs = [3][]byte{}
	return c.wrote(n, err)
}

// sendFile sends the next n bytes of f, without a copy where the system can.
func (c *conn) sendFile(f *os.File, n int64) error {
	c.armWrite(c.writeTime())
	m, err := io.CopyN(c.nc, f, n)
	return c.wrote(m, err)
}

func (c *conn) wrote(n int64, err error) error {
	c.srv.counts.bytesOut.Add(n)
	c.srv.counts.phases[phaseWrite].observe(c.tick())
	if err == nil {
		return nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.srv.counts.hit(limitWriteTime)
	}
	return fmt.Errorf("%w: write: %w", errClosed, err)
}
