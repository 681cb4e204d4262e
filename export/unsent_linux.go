package export

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// unsent returns how many bytes the peer has not acknowledged.
func unsent(c net.Conn) (n int, err error) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return 0, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, err
	}
	cerr := raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	return n, errors.Join(err, cerr)
}
