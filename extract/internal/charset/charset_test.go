package charset

import (
	"bytes"
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	const ascii = "name;iban;card\nplain line of no use to a detector\n"
	cases := map[string]struct{ label, text, want string }{
		"UTF-8":                   {"utf-8", "Jörg Müller", ""},
		"UTF-16 little endian":    {"utf-16le", "Jörg Müller-Späth; card", "utf-16le"},
		"UTF-16 big endian":       {"utf-16be", "Jörg Müller-Späth; card", "utf-16be"},
		"UTF-32":                  {"utf-32le", "\ufeffJörg", "utf-32le"},
		"German in Latin-1":       {"windows-1252", ascii + "Jörg Müller-Späth wohnt in der Überseestraße, Köln", "iso-8859-1"},
		"Russian in KOI8":         {"koi8-r", ascii + "Договор о неразглашении подписан сторонами", "koi8-r"},
		"Russian in windows-1251": {"windows-1251", ascii + "Договор о неразглашении подписан сторонами вчера", "windows-1251"},
		"Japanese in Shift-JIS":   {"shift_jis", ascii + "これは秘密の書類です。社外には出さないでください。", "shift_jis"},
		"Japanese in ISO-2022-JP": {"iso-2022-jp", ascii + "これは秘密の書類です。", "iso-2022-jp"},
		"Chinese in GB18030":      {"gb18030", ascii + "本文件为机密文件，不得外传。请妥善保管。", "gb18030"},
		"Chinese in Big5":         {"big5", ascii + "本文件為機密文件，不得外傳。請妥善保管。", "big5"},
		"Korean in EUC-KR":        {"euc-kr", ascii + "이 문서는 기밀이므로 외부로 유출하지 마십시오.", "euc-kr"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cs, ok := Label(c.label)
			if !ok {
				t.Fatalf("no charset %s", c.label)
			}
			raw := []byte(c.text)
			if !cs.UTF8() {
				var err error
				if raw, err = cs.enc.NewEncoder().Bytes(raw); err != nil {
					t.Fatal(err)
				}
			}
			got := Detect(raw, "")
			text := got.Decode(raw)
			if strings.TrimPrefix(c.text, "\ufeff") != string(text) {
				t.Errorf("as %q it reads %q, want %q in %q", got.Name, text, c.text, c.want)
			}
			back, err := got.Encode(raw, text, text)
			if err != nil || !bytes.Equal(back, raw) {
				t.Errorf("there is no way back: %v", err)
			}
		})
	}
}

func FuzzDetect(f *testing.F) {
	f.Add([]byte("J\xf6rg"), "latin1")
	f.Add([]byte("\xff\xfeJ\x00"), "")
	f.Fuzz(func(t *testing.T, b []byte, label string) {
		c := Detect(b, label)
		text := c.Decode(b)
		if back, err := c.Encode(b, text, text); err == nil && !c.UTF8() && !bytes.Equal(back, b) {
			t.Fatalf("%s: %q came back as %q", c.Name, b, back)
		}
	})
}
