package extract_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/extract"
)

// spilled is a body on disk, as far as its reader knows.
type spilled struct{ *bytes.Reader }

func (s spilled) Size() int64           { return s.Reader.Size() }
func (s spilled) Bytes() ([]byte, bool) { return nil, false }

func TestSpilledBodies(t *testing.T) {
	small := extract.Options{Expanded: 1 << 20, Member: 256 << 10}
	csv := strings.Repeat("Jane Roe;4111 1111 1111 1111\n", 100_000)
	sum := sha256.Sum256([]byte(csv))
	zeros := strings.Repeat("\x00\x01\x02", 1<<20)
	cases := map[string]struct {
		method, ctype, body string
		texts               map[string]int64 // size by path of those with a Reader
		user                string
		file                string
		gap                 string
	}{
		"a small one is read back into memory": {
			"POST", "application/json", `{"prompt":"hello there"}`, nil, "hello there", "", "",
		},
		"a large raw upload of text is scanned as it is": {
			"PUT", "text/csv", csv, map[string]int64{"file": int64(len(csv))}, "", hex.EncodeToString(sum[:]), "",
		},
		"a large file in multipart, after a field": {
			"POST", "multipart/form-data; boundary=XX",
			"--XX\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nsum this up\r\n--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"big.csv\"\r\n\r\n" + csv + "\r\n--XX--\r\n",
			map[string]int64{"file big.csv": int64(len(csv))},
			"sum this up", hex.EncodeToString(sum[:]), "",
		},
		"large JSON is read by its beginning, and scanned as it is": {
			"POST", "application/json", `{"prompt":"begin","content":"` + csv[:2<<20] + `"}`, map[string]int64{"body": 2<<20 + 31}, "begin", "", "too_large body expanded",
		},
		"a large binary is partial": {
			"PUT", "application/octet-stream", zeros, map[string]int64{"file": int64(len(zeros))}, "", "", "too_large file expanded",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := extract.New(small).Extract(t.Context(), extract.Input{
				Method: c.method, Header: headers("Content-Type", c.ctype), Body: spilled{bytes.NewReader([]byte(c.body))},
			})
			readers := map[string]int64{}
			user := ""
			for _, text := range d.Texts {
				if text.Reader != nil {
					readers[text.Path] = text.Size
					if n, err := io.Copy(io.Discard, io.NewSectionReader(text.Reader, 0, text.Size)); n != text.Size || err != nil {
						t.Errorf("%s: read %d of %d bytes: %v", text.Path, n, text.Size, err)
					}
				} else if text.Role == extract.User {
					user += string(text.Data[:min(len(text.Data), 20)])
				}
			}
			if len(readers) != len(c.texts) || user != c.user && !strings.HasPrefix(user, c.user) {
				t.Errorf("windows over %v and user text %q, want %v and %q", readers, user, c.texts, c.user)
			}
			for path, size := range c.texts {
				if readers[path] != size {
					t.Errorf("%s has %d bytes, want %d", path, readers[path], size)
				}
			}
			if c.file != "" && (len(d.Files) != 1 || d.Files[0].SHA256 != c.file) {
				t.Errorf("files %+v", d.Files)
			}
			var gaps []string
			for _, g := range d.Gaps {
				gaps = append(gaps, g.Reason+" "+g.Path+" "+g.Limit)
			}
			if c.gap != "" && !has(gaps, c.gap) || c.gap == "" && len(gaps) > 0 {
				t.Errorf("gaps %q, want %q", gaps, c.gap)
			}
			if len(c.texts) > 0 {
				if _, err := d.Rewrite(nil); !errors.Is(err, extract.ErrNotEditable) {
					t.Errorf("rewrite: %v, want ErrNotEditable", err)
				}
			}
		})
	}
}
