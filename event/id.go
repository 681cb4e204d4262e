package event

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// NewID returns a new event id: a UUIDv7 (RFC 9562 §5.7) of now in milliseconds, with the
// rest of the time to 250 ns in rand_a (§6.2, method 3), so that ids made one after the
// other by one node sort that way.
func NewID(now time.Time) string {
	var u [16]byte
	rand.Read(u[:])
	us := now.UnixMicro()
	ms := uint64(us / 1000)
	sub := uint16(now.UnixNano() % 1e6 * 4096 / 1e6)
	binary.BigEndian.PutUint16(u[:], uint16(ms>>32))
	binary.BigEndian.PutUint32(u[2:], uint32(ms))
	binary.BigEndian.PutUint16(u[6:], 0x7000|sub&0x0fff)
	u[8] = u[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[:8], u[:4])
	hex.Encode(s[9:13], u[4:6])
	hex.Encode(s[14:18], u[6:8])
	hex.Encode(s[19:23], u[8:10])
	hex.Encode(s[24:], u[10:])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// IDTime returns the time in a UUIDv7 in its canonical form (lower case), or false for
// anything else.
func IDTime(id string) (time.Time, bool) {
	if len(id) != 36 || id[14] != '7' {
		return time.Time{}, false
	}
	for i := range len(id) {
		c := id[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return time.Time{}, false
			}
		case 19:
			if c != '8' && c != '9' && c != 'a' && c != 'b' {
				return time.Time{}, false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return time.Time{}, false
			}
		}
	}
	var ms [8]byte
	if _, err := hex.Decode(ms[2:], []byte(id[:8]+id[9:13])); err != nil {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:]))).UTC(), true
}

// idBytes returns the bytes of a canonical UUID.
func idBytes(id string) (u [16]byte) {
	var digits [32]byte
	n := 0
	for i := 0; i < len(id) && n < len(digits); i++ {
		if id[i] != '-' {
			digits[n] = id[i]
			n++
		}
	}
	_, _ = hex.Decode(u[:], digits[:n])
	return u
}

// newUUID returns a random UUID (RFC 9562 §5.4), the name of an outbox.
func newUUID() string {
	var u [16]byte
	rand.Read(u[:])
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
