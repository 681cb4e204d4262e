package reqmod

import (
	"bytes"
	"net/netip"
)

// memory is a body that is in memory.
type memory []byte

// Size returns the number of bytes.
func (m memory) Size() int64 { return int64(len(m)) }

// Bytes returns them.
func (m memory) Bytes() ([]byte, bool) { return m, true }

// ReadAt implements io.ReaderAt.
func (m memory) ReadAt(p []byte, off int64) (int, error) { return bytes.NewReader(m).ReadAt(p, off) }

// ipString is empty for no address.
func ipString(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}
