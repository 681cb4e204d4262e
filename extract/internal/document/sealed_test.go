package document

import (
	"archive/zip"
	"encoding/base64"
	"io"
	"strings"
	"testing"
)

func TestSealedFilesAreEncrypted(t *testing.T) {
	noise := strings.Repeat("\x9a\xc3\x01\xfe\x77", 120)
	b64 := base64.StdEncoding.EncodeToString
	cases := map[string]struct {
		data string
		want Outcome
	}{
		"a PGP message in ASCII":           {"-----BEGIN PGP MESSAGE-----\n\n" + b64([]byte(noise)) + "\n-----END PGP MESSAGE-----\n", Encrypted},
		"PGP for an RSA key":               {"\x85\x01\x0c\x03\x10\x32\x54\x76\x98\xba\xdc\xfe\x01" + noise[:0x10c-10] + "\xd2" + noise, Encrypted},
		"PGP for an ECDH key":              {"\x84\x5e\x03\x10\x32\x54\x76\x98\xba\xdc\xfe\x12" + noise[:0x5e-10] + "\xd2" + noise, Encrypted},
		"PGP with a password":              {"\x8c\x0d\x04\x09\x03\x02\x10\x32\x54\x76\x98\xba\xdc\xfe\x60\xd2" + noise, Encrypted},
		"a signed PGP message can be read": {"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhello there\n", Complete},
		"a public key of PGP":              {"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabcd\n", Complete},
		"age":                              {"age-encryption.org/v1\n-> X25519 abc\n" + noise, Encrypted},
		"age in ASCII":                     {"\n-----BEGIN AGE ENCRYPTED FILE-----\n" + b64([]byte(noise)), Encrypted},
		"OpenSSL":                          {"Salted__" + noise, Encrypted},
		"OpenSSL in base64":                {b64([]byte("Salted__"+noise)) + "\n", Encrypted},
		"a vault of Ansible":               {"$ANSIBLE_VAULT;1.1;AES256\n6162636465\n", Encrypted},
		"a database of KeePass":            {"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x01\x00" + noise, Encrypted},
		"an encrypted mail":                {"\x30\x82\x02\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0" + noise, Encrypted},
		"an encrypted mail without a sender": {"MIME-Version: 1.0\nContent-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n" +
			b64([]byte("\x30\x82\x02\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0"+noise)), Encrypted},
		"a signed mail can be read":          {"\x30\x82\x02\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0" + noise, Unsupported},
		"a protected mail of Outlook":        {"\x76\xe8\x04\x60\xc4\x11\xe3\x86" + noise, Encrypted},
		"a binary that begins as PGP might":  {"\x85\x01\x0c\x05" + noise, Unsupported},
		"a text about PGP":                   {"Paste the -----BEGIN PGP MESSAGE----- here", Complete},
		"a text that begins with Salted":     {"Salted caramel", Complete},
		"XML that does not say that it is":   {`<office:document-content xmlns:text="x"><text:p>4111<text:s/>1111</text:p>`, Complete},
		"a protected mail within an archive": {string(zipOf(t, zip.Store, "\x76\xe8\x04\x60\xc4\x11\xe3\x86"+noise, func(w io.Writer) io.WriteCloser { return nopCloser{w} })), Encrypted},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := Read(newWalk(t).left, nil, []byte(c.data))
			if r.Outcome != c.want {
				t.Errorf("outcome %s, want %s", r.Outcome, c.want)
			}
			if has([]byte(c.data), "<office") && (len(r.Parts) != 1 || !strings.Contains(string(r.Parts[0].Text), "4111 1111")) {
				t.Error("the markup is not taken out")
			}
		})
	}
}
