package extract_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/extract"
)

// TestNamesOfFilesAreTexts has a name in each place where a file can have one.
func TestNamesOfFilesAreTexts(t *testing.T) {
	const (
		name   = "SSN 515-06-9705.txt"
		mpType = "multipart/form-data; boundary=XX"
		cut    = "515-06-9705"
	)
	openai := func(name string) string {
		return fmt.Sprintf(`{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":%q,"file_data":"data:text/plain;base64,aGVsbG8gdGhlcmU="}}]}]}`, name)
	}
	var tarred bytes.Buffer
	tw := tar.NewWriter(&tarred)
	if err := errors.Join(tw.WriteHeader(&tar.Header{Name: name, Size: 5, Mode: 0o600}), func() error { _, err := tw.Write([]byte("hello")); return err }(), tw.Close()); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		method, ctype, header, body string
		path                        string
		edited                      string // with the number masked; "" when that is not possible
	}{
		"a part":                      {"POST", mpType, "", mp(`name="file"; filename="`+name+`"`, "hello"), "part file (name)", mp(`name="file"; filename="SSN [n].txt"`, "hello")},
		"a part, with underscores":    {"POST", mpType, "", mp(`name="file"; filename="SSN_515-06-9705_a.txt"`, "hello"), "part file (name)", mp(`name="file"; filename="SSN_[n]_a.txt"`, "hello")},
		"a part, in another charset":  {"POST", mpType, "", mp(`name="file"; filename="x"; filename*=UTF-8''SSN%20515-06-9705.txt`, "hello"), "part file (name)", ""},
		"a part with a very long one": {"POST", mpType, "", mp(`name="file"; filename="`+strings.Repeat("long ", 1000)+name+`"`, "hello"), "part file (name)", mp(`name="file"; filename="`+strings.Repeat("long ", 1000)+`SSN [n].txt"`, "hello")},
		"a file in JSON":              {"POST", "application/json", "", openai("SSN_515-06-9705.txt"), "messages[0].content[0].file.file_data (name)", openai("SSN_[n].txt")},
		"a file that is announced":    {"POST", "application/json", "", `{"file_name":"SSN_515-06-9705.txt","file_size":12}`, "body (name)", `{"file_name":"SSN_[n].txt","file_size":12}`},
		"an upload with a header":     {"PUT", "text/plain", "X-File-Name", "hello", "body (name)", ""},
		"a member of a zip archive":   {"PUT", "application/zip", "", string(zipOf(t, member{name, []byte("hello")})), "file > names", ""},
		"a member of a tar archive":   {"PUT", "application/x-tar", "", tarred.String(), "file > names", ""},
	}
	x := extract.New(extract.Options{})
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			d := x.Extract(t.Context(), extract.Input{
				Method: c.method, Header: headers("Content-Type", c.ctype, c.header, strings.ReplaceAll(name, " ", "%20")), Body: memory{strings.NewReader(c.body)},
			})
			defer d.Close()
			found := 0
			for i, text := range d.Texts {
				at := strings.Index(string(text.Data), "SSN "+cut)
				if at < 0 {
					continue
				}
				found++
				if text.Path != c.path || text.Role != extract.File {
					t.Errorf("at %q as %s, want at %q as file", text.Path, text.Role, c.path)
				}
				out, err := d.Rewrite([]extract.Cut{{Text: i, Start: at + 4, End: at + 4 + len(cut), With: "[n]"}})
				if c.edited == "" && !errors.Is(err, extract.ErrNotEditable) || c.edited != "" && string(out) != c.edited {
					t.Errorf("edited: %q, %v", out, err)
				}
			}
			if found != 1 {
				t.Errorf("found %d times, want once", found)
			}
		})
	}
}

// TestNamesThatTellNothingAreNoTexts has what apps and devices call files.
func TestNamesThatTellNothingAreNoTexts(t *testing.T) {
	x := extract.New(extract.Options{})
	for _, name := range []string{"", "  ", "4752307531754142.pdf", "1717171717171.jpg", "d41d8cd98f00b204e9800998ecf8427e.png", "0193e5a0-7c1f-7b3e-9a55-2f6d1c0b8e44.docx"} {
		d := x.Extract(t.Context(), extract.Input{
			Method: "POST", Header: headers("Content-Type", "multipart/form-data; boundary=XX"), Body: memory{strings.NewReader(mp(`name="file"; filename="`+name+`"`, "hello"))},
		})
		if len(d.Texts) != 1 || len(d.Files) != 1 || d.Files[0].Name != name {
			t.Errorf("%q: %d texts and files %+v, want the text in the file", name, len(d.Texts), d.Files)
		}
		d.Close()
	}
}
