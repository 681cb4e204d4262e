package extract_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/extract"
)

// TestNothingHidesInDocuments puts one value into places of a file that its usual readers do
// not show.
func TestNothingHidesInDocuments(t *testing.T) {
	const value = "4111 1111 1111 1111"
	const head = "From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
	const mixed = head + "Content-Type: multipart/mixed; boundary=X\r\n\r\n"
	oneTar := func(h tar.Header, data string) string {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		h.Name, h.Size, h.Mode = "a.txt", int64(len(data)), 0o600
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(data))
		_ = w.Close()
		return b.String()
	}
	typed := func(flag byte) string { // with the check sum that goes with it
		b := []byte(oneTar(tar.Header{}, value))
		sum := 0
		b[156] = flag
		copy(b[148:], "        ")
		for _, c := range b[:512] {
			sum += int(c)
		}
		copy(b[148:], []byte{'0' + byte(sum>>15&7), '0' + byte(sum>>12&7), '0' + byte(sum>>9&7), '0' + byte(sum>>6&7), '0' + byte(sum>>3&7), '0' + byte(sum&7), 0})
		return string(b)
	}
	zipped := func(h zip.FileHeader, data string) string {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		f, err := w.CreateRaw(&h)
		if err == nil {
			_, err = f.Write([]byte(data))
		}
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	stored := func(name string) zip.FileHeader {
		return zip.FileHeader{Name: name, CompressedSize64: uint64(len(value)), UncompressedSize64: uint64(len(value))}
	}
	var extra bytes.Buffer
	gz := gzip.NewWriter(&extra)
	gz.Extra = []byte(value)
	_, _ = gz.Write([]byte("x"))
	_ = gz.Close()
	cases := map[string]string{
		"before the parts of a mail":         mixed + value + "\r\n--X\r\n\r\na\r\n--X--\r\n",
		"behind the parts of a mail":         mixed + "--X\r\n\r\na\r\n--X--\r\n" + value,
		"in the header of a part":            mixed + "--X\r\nX-Note: " + value + "\r\n\r\na\r\n--X--\r\n",
		"in a mail without its boundary":     mixed + "--Y\r\n\r\n" + value + "\r\n--Y--\r\n",
		"in a line of a header that is none": head + value + "\r\n\r\na",
		"in a header that is folded":         head + "X-Note: 4111 1111\r\n 1111 1111\r\n\r\na",
		"in an inner body of a mail":         mixed + "--X\r\nContent-Type: multipart/mixed; boundary=X1\r\n\r\n--X1\r\nContent-Transfer-Encoding: base64\r\n\r\nNDExMSAxMTExIDExMTEgMTExMQ==\r\n--X1--\r\n--X--\r\n",
		"in parts that are base64 as a whole": head + "Content-Type: multipart/mixed; boundary=X\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			base64.StdEncoding.EncodeToString([]byte("--X\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n4111 1111 1111 =31111\r\n--X--\r\n")) + "\r\n",
		"in a tar member of another type":    typed('7'),
		"in a tar member of no type":         typed('Z'),
		"behind the end of a tar archive":    oneTar(tar.Header{}, "x") + value,
		"in a second tar archive":            oneTar(tar.Header{}, "x") + oneTar(tar.Header{}, value),
		"in a record of a tar header":        oneTar(tar.Header{Format: tar.FormatPAX, PAXRecords: map[string]string{"comment": value}}, "x"),
		"in a name of a tar header":          oneTar(tar.Header{Gname: value}, "x"),
		"before a zip archive":               value + "\n" + zipped(stored("a.txt"), "0000000000000000000"),
		"in a directory of a zip archive":    strings.ReplaceAll(zipped(stored("d_"), value), "d_", "d/"),
		"among the thumbnails of a zip":      zipped(stored("Thumbnails/a.txt"), value),
		"in the extra field of a zip member": zipped(zip.FileHeader{Name: "a", Extra: append([]byte{0x99, 0x99, byte(len(value)), 0}, value...)}, ""),
		"in the extra field of a gzip file":  extra.String(),
		"in an unknown group of RTF":         `{\rtf1\ansi hello {\*\foo ` + value + `} there}`,
		"in the font table of RTF":           `{\rtf1\ansi {\fonttbl{\f0 Times ` + value + `;}} there}`,
		"in the picture of RTF":              `{\rtf1\ansi {\pict ` + value + `} there}`,
		"in the bytes of RTF":                `{\rtf1\ansi \bin19 ` + value + ` there}`,
		"in a calendar, folded":              "BEGIN:VCALENDAR\r\nDESCRIPTION:4111 1111 1\r\n 111 1111\r\nEND:VCALENDAR\r\n",
		"in an invitation by mail":           mixed + "--X\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nDESCRIPTION:4111 1111 1\r\n 111 1111\r\n--X--\r\n",
		"in a card, quoted-printable":        "BEGIN:VCARD\r\nNOTE;ENCODING=QUOTED-PRINTABLE:=34111=\r\n 1111 111=\r\n1 1111\r\nEND:VCARD\r\n",
		"in a directory file, folded":        "dn: cn=a\nnote: 4111 11\n 11 1111 1111\n",
		"in the type of a page":              `<!doctype html "` + value + `"><html>x</html>`,
		"in a page in a page":                `<!doctype html><html><iframe srcdoc="<p>` + value + `"></iframe></html>`,
	}
	x := extract.New(extract.Options{})
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			d := x.ExtractFile(t.Context(), "x", []byte(data))
			for _, p := range d.Texts {
				if strings.Contains(p.Text, value) {
					return
				}
			}
			t.Errorf("the value is in none of %d texts, outcome %s: %.300q", len(d.Texts), d.Outcome, d.Texts)
		})
	}
}
