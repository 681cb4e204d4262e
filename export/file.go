package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// file appends lines to a file. A rotated file (renamed, or removed) is noticed, and a new
// one begun.
type file struct {
	path string
	f    *os.File
}

func openFile(path string) (*file, error) {
	out := &file{path: path}
	return out, out.open()
}

func (o *file) open() error {
	f, err := os.OpenFile(o.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := mend(f); err != nil {
		return errors.Join(fmt.Errorf("mend %s: %w", o.path, err), f.Close())
	}
	o.f = f
	return nil
}

// mend cuts off a last line that a crash left without its end: it will be written again.
func mend(f *os.File) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	for end := size; end > 0; {
		n := min(end, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], end-n); err != nil {
			return err
		}
		for i := n - 1; i >= 0; i-- {
			if buf[i] == '\n' {
				return cutAt(f, end-n+i+1, size)
			}
		}
		end -= n
	}
	return cutAt(f, 0, size)
}

func cutAt(f *os.File, at, size int64) error {
	if at < size {
		if err := f.Truncate(at); err != nil {
			return err
		}
	}
	_, err := f.Seek(at, io.SeekStart)
	return err
}

// send writes and syncs all of list, or nothing.
func (o *file) send(_ context.Context, list []entry) (int, error) {
	if err := o.follow(); err != nil {
		return 0, fmt.Errorf("write file: %w", err)
	}
	start, err := o.f.Seek(0, io.SeekCurrent)
	if err == nil {
		if _, err = o.f.Write(lines(list)); err == nil {
			err = o.f.Sync()
		}
	}
	if err != nil {
		// The next try must not find half a line, nor trust pages that a failed sync has dropped.
		err = errors.Join(err, o.f.Truncate(start), o.f.Close())
		o.f = nil
		return 0, fmt.Errorf("write file: %w", err)
	}
	return len(list), nil
}

// follow opens the file when there is none, or another one, at its path.
func (o *file) follow() error {
	if o.f == nil {
		return o.open()
	}
	have, err := o.f.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Stat(o.path); err == nil && os.SameFile(have, there) {
		if there.Size() == 0 { // copied and cut by logrotate's copytruncate
			_, err = o.f.Seek(0, io.SeekStart)
		}
		return err
	}
	old := o.f
	o.f = nil
	return errors.Join(old.Close(), o.open())
}

func (o *file) close() error {
	if o.f == nil {
		return nil
	}
	return o.f.Close()
}

func lines(list []entry) []byte {
	size := 0
	for i := range list {
		size += len(list[i].body) + 1
	}
	out := make([]byte, 0, size)
	for i := range list {
		out = append(append(out, list[i].body...), '\n')
	}
	return out
}

// stdout writes lines to standard output.
type stdout struct{}

func (stdout) send(_ context.Context, list []entry) (int, error) {
	if _, err := os.Stdout.Write(lines(list)); err != nil {
		return 0, fmt.Errorf("write standard output: %w", err)
	}
	return len(list), nil
}

func (stdout) close() error { return nil }
