//go:build unix

package icap

import "syscall"

// pollable says that sockets can be read without blocking, so that a connection can wait
// for bytes without holding a buffer for them.
const pollable = true

// tryReadHead is called until it returns true; between calls the connection is parked.
func (c *conn) tryReadHead(fd uintptr) bool {
	x := c.unpark()
	n, wait, err := readFD(fd, x.in.data[x.w:])
	if wait {
		if err = c.flush(); err == nil {
			c.park()
			return false
		}
	}
	c.n, c.err = n, err
	return true
}

func (c *conn) tryReadBody(fd uintptr) bool {
	n, wait, err := readFD(fd, c.target)
	c.n, c.err = n, err
	return !wait
}

// readFD reads without blocking; wait says that there is nothing to read yet.
func readFD(fd uintptr, p []byte) (n int, wait bool, err error) {
	for {
		n, err = syscall.Read(int(fd), p)
		switch err {
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, true, nil
		default:
			return max(n, 0), false, err
		}
	}
}

// hungUp reports whether the client has reset the connection. A client that has only
// closed its sending side still waits for its answer.
func (c *conn) hungUp() (gone bool) {
	if c.raw == nil {
		return false
	}
	err := c.raw.Control(func(fd uintptr) {
		code, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
		gone = err == nil && code != 0
	})
	return gone || err != nil
}
