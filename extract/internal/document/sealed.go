package document

import "bytes"

// sealedMagic is how files begin that are read with a key or a password only.
var sealedMagic = [...]string{
	"-----BEGIN PGP MESSAGE-----",          // RFC 9580 §6.2
	"-----BEGIN AGE ENCRYPTED FILE-----",   // age, C2SP.org/age
	"age-encryption.org/",                  //
	"$ANSIBLE_VAULT;",                      //
	"Salted__",                             // openssl enc
	"LUKS\xba\xbe",                         //
	"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5",     // KeePass 1
	"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5",     // KeePass 2
	"\x76\xe8\x04\x60\xc4\x11\xe3\x86",     // rights-protected mail, MS-OXORMMS §2.1.4
	".pfile\x00", "\x00\x00\x00\x00.pfile", // protected files of Azure Rights Management
}

// isSealed reports files that nobody can read without the key.
func isSealed(data []byte) bool {
	head := bytes.TrimLeft(data[:min(len(data), 256)], "\ufeff \t\r\n")
	for _, magic := range sealedMagic {
		if has(head, magic) {
			return true
		}
	}
	return isPGP(data) || isEnveloped(data)
}

// isPGP reports an OpenPGP message that begins with an encrypted session key (RFC 9580 §5.1,
// §5.3): the packet's tag, its length, and the version that such packets have.
func isPGP(data []byte) bool {
	if len(data) < 16 {
		return false
	}
	size, body := 0, 0
	switch data[0] {
	case 0x84, 0x8c, 0xc1, 0xc3: // lengths of one byte
		size, body = int(data[1]), 2
		if data[0] >= 0xc0 && size >= 192 {
			size, body = (size-192)<<8+int(data[2])+192, 3
		}
	case 0x85:
		size, body = int(data[1])<<8|int(data[2]), 3
	default:
		return false
	}
	next := body + size
	if size < 4 || size > 2<<10 || next >= len(data) || data[next] < 0x80 { // another packet follows
		return false
	}
	if data[0] == 0x8c || data[0] == 0xc3 { // by a password: version, cipher, how the key is made
		return data[body] == 4 && data[body+1] >= 1 && data[body+1] <= 13 && data[body+2] <= 4 || data[body] == 6
	}
	return data[body] == 3 || data[body] == 6
}

// isEnveloped reports a CMS message for whom holds the key (RFC 5652 §6): its type is the
// first thing in it.
func isEnveloped(data []byte) bool {
	const enveloped = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
	const authenticated = "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17" // RFC 5083
	head := data[:min(len(data), 32)]
	return has(data, "\x30") && (bytes.Contains(head, []byte(enveloped)) || bytes.Contains(head, []byte(authenticated)))
}
