// Package worker runs the readers of dangerous formats in child processes that can be
// killed: a pool of them for the parent, and the loop that a child runs.
//
// Both ends speak frames over the child's standard input and output: a byte that names
// the kind, four bytes of length, the content.
package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The kinds of frames.
const (
	frameReady     = 'r' // the child can work
	frameJob       = 'j' // a file to read, after the options of the job
	framePage      = 'p' // the text of the next page
	frameInfo      = 'i' // title, author and the like
	frameName      = 'n' // the name of the attachment that follows
	frameFile      = 'f' // an attachment
	frameEncrypted = 'e'
	frameLimit     = 'l' // the limit that was hit
	frameFailed    = 'x' // the file cannot be read
	frameDone      = 'd'
)

// maxFrame bounds one frame.
const maxFrame = 256 << 20

// jobHeader is the size of a job's options: a byte of flags, two limits.
const jobHeader = 17

func (j *Job) header() []byte {
	b := make([]byte, 1, jobHeader)
	if j.Render {
		b[0] = 1
	}
	b = binary.BigEndian.AppendUint64(b, uint64(j.Expanded))
	return binary.BigEndian.AppendUint64(b, uint64(j.Member))
}

func decodeJob(b []byte) Job {
	return Job{
		Render: b[0] == 1, Expanded: int64(binary.BigEndian.Uint64(b[1:])), Member: int64(binary.BigEndian.Uint64(b[9:])),
		Data: b[jobHeader:],
	}
}

var errFrame = errors.New("frame is too large")

func writeFrame(w io.Writer, kind byte, parts ...[]byte) error {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	if size > maxFrame {
		return errFrame
	}
	head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(size))
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return fmt.Errorf("write frame: %w", err)
		}
	}
	return nil
}

// readFrame reads a frame of at most limit bytes.
func readFrame(r io.Reader, limit int) (kind byte, content []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := int64(binary.BigEndian.Uint32(head[1:]))
	if size > int64(limit) {
		return 0, nil, errFrame
	}
	content = make([]byte, size)
	if _, err := io.ReadFull(r, content); err != nil {
		return 0, nil, fmt.Errorf("read frame: %w", err)
	}
	return head[0], content, nil
}
