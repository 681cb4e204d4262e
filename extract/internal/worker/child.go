package worker

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Sink takes what is found in a file, as it is found.
type Sink interface {
	Page(text string) error
	Info(text string) error
	File(name string, data []byte) error
	Limit(name string) error
	Encrypted() error
}

// Job is one file to read.
type Job struct {
	Data             []byte
	Render           bool  // send pages without text as pictures
	Expanded, Member int64 // limits of what is inside an archive
}

// Reader reads one file into a Sink.
type Reader interface {
	Read(j Job, to Sink) error
}

// Serve is what a child process runs: open makes the Reader, which may take seconds; then
// files are read one after the other until in ends.
func Serve(in io.Reader, out io.Writer, open func() (Reader, error)) error {
	if err := confine(); err != nil {
		return err
	}
	r, err := open()
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 64<<10)
	if err := send(w, frameReady); err != nil {
		return err
	}
	for {
		kind, content, err := readFrame(in, maxFrame)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read job: %w", err)
		}
		if kind != frameJob || len(content) < jobHeader {
			return fmt.Errorf("read job: frame %q is none", kind)
		}
		end := byte(frameDone)
		if err := r.Read(decodeJob(content), sink{w}); err != nil {
			end = frameFailed
		}
		if err := send(w, end); err != nil {
			return err
		}
	}
}

func send(w *bufio.Writer, kind byte, parts ...[]byte) error {
	if err := writeFrame(w, kind, parts...); err != nil {
		return err
	}
	return w.Flush()
}

// sink sends each thing at once: the child may be killed before the next one.
type sink struct{ w *bufio.Writer }

func (s sink) Page(text string) error  { return send(s.w, framePage, []byte(text)) }
func (s sink) Info(text string) error  { return send(s.w, frameInfo, []byte(text)) }
func (s sink) Limit(name string) error { return send(s.w, frameLimit, []byte(name)) }
func (s sink) Encrypted() error        { return send(s.w, frameEncrypted) }

func (s sink) File(name string, data []byte) error {
	if err := writeFrame(s.w, frameName, []byte(name)); err != nil {
		return err
	}
	return send(s.w, frameFile, data)
}
