package disguise_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/disguise"
	"github.com/sluice-dlp/sluice/dlp/internal/disguise/disguisetest"
)

const secret = "4111 1111 1111 1111"

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// views returns all readings of a text, at any depth.
func views(text []byte, inside *disguise.View, depth int, f func(v *disguise.View)) {
	s := disguise.Look(text)
	budget := 1 << 20
	var list []*disguise.View
	if s.Characters {
		list = append(list, disguise.Mend(text, inside))
	}
	if s.Blobs {
		list = append(list, disguise.Decode(text, inside, false, &budget))
	}
	for _, v := range list {
		if v != nil {
			f(v)
			if depth > 0 {
				views(v.Text, v, depth-1, f)
			}
		}
	}
}

func TestEveryDisguiseIsUndoneAndMappedBack(t *testing.T) {
	for name, d := range disguisetest.Encodings {
		for _, around := range []string{"%s", "my card: %s", "Ich zahle für 5 % mit %s, danke & tschüß.\n", `{"n":"%s"}`, strings.Repeat("word ", 100) + "%s" + strings.Repeat(" word", 100)} {
			around = strings.ReplaceAll(around, "5 %", "5 %%")
			secret := secret
			if name == "Cyrillic letters" {
				secret = "AKIAQYLPMN5HFNM3ZJ4T"
			}
			encoded := d.Encode(secret)
			text := fmt.Sprintf(around, encoded)
			start := strings.Index(text, encoded)
			found := false
			views([]byte(text), nil, 0, func(v *disguise.View) {
				want := secret
				if name == "named entities" {
					want = strings.ReplaceAll(secret, " ", "\u00a0")
				}
				i := bytes.Index(v.Text, []byte(want))
				if i < 0 {
					return
				}
				from, to, kinds, ok := v.Source(i, i+len(want))
				if !ok || kinds&d.Kind != d.Kind || from < start || from > start+2 || to > start+len(encoded) || to < start+len(encoded)-len("'].join('')") {
					t.Errorf("%s in %q: source %d-%d, want %d-%d; %v", name, around, from, to, start, start+len(encoded), kinds)
				}
				found = true
			})
			if !found {
				t.Errorf("%s in %q is not undone", name, around)
			}
		}
	}
}

// A block of base64 may go on in the next line, and the next line may be a sentence.
// What is encoded is found wherever it begins, since it is looked for by words of eight bytes.
func TestBlobsAreFoundAtEveryPlace(t *testing.T) {
	separated := func(by string) string {
		return strings.TrimSuffix(strings.ReplaceAll(fmt.Sprintf("% x ", secret), " ", by), by)
	}
	for name, blob := range map[string]string{
		"base64": b64(secret), "hex": hex.EncodeToString([]byte(secret)), "short": b64("pin 4711 xyz"),
		"spaces": separated(" "), "colons": separated(":"), "dashes": separated("-"), "commas": separated(","),
	} {
		for pad := range 24 {
			for _, before := range []string{"", "of ", "at 12:34:56,", "5239a420-e7dc-4c73-a636-356a8ed477d6\n", "="} {
				text := []byte(strings.Repeat("(", pad) + before + blob + ";")
				budget := 1 << 10
				if !disguise.Look(text).Blobs {
					t.Fatalf("%s behind %d signs and %q: not seen", name, pad, before)
				}
				v := disguise.Decode(text, nil, false, &budget)
				if v == nil || !bytes.Contains(v.Text, []byte(secret)) && name != "short" {
					t.Fatalf("%s behind %d signs and %q: not read as a whole", name, pad, before)
				}
			}
		}
	}
}

func TestWordsBehindBase64AreNotItsLastLine(t *testing.T) {
	plain := strings.Repeat("all work ", 3) + secret + " and no play, says the clerk"
	for name, encoded := range map[string]string{
		"text": b64(plain),
		"gzip": disguisetest.Encodings["gzip"].Encode(strings.Repeat(plain, 3)),
	} {
		for _, behind := range []string{"is", "the end", "as a test", "What", "ok ="} {
			found := false
			views([]byte("key: "+strings.TrimRight(encoded, "=")+"\n"+behind), nil, 0, func(v *disguise.View) {
				found = found || bytes.Contains(v.Text, []byte(secret))
			})
			if !found {
				t.Errorf("%s in front of %q is not undone", name, behind)
			}
		}
	}
}

func TestDisguisesNest(t *testing.T) {
	chains := map[string][]string{
		"base64 twice":                     {"base64", "base64"},
		"percent of base64":                {"base64", "percent throughout"},
		"hex of percent of escapes":        {"JSON escapes", "percent throughout", "hex"},
		"base64 of entities of full width": {"full width", "decimal entities", "base64"},
		"escapes of gzip":                  {"gzip", "JSON escapes"},
	}
	for name, chain := range chains {
		text := secret
		for _, step := range chain {
			text = disguisetest.Encodings[step].Encode(text)
		}
		found := false
		views([]byte("pay "+text+" now"), nil, len(chain), func(v *disguise.View) { found = found || bytes.Contains(v.Text, []byte(secret)) })
		if !found {
			t.Errorf("%s is not undone", name)
		}
	}
}

func TestOrdinaryTextsHaveNoSigns(t *testing.T) {
	cases := map[string]string{
		"prose":       "Please write “a note” — it's 5 % cheaper, isn't it? Größe, naïve, façade… R&D & more; 100% sure.",
		"code":        "for i := 0; i < n; i++ { s += \"a\" + x; fmt.Printf(\"%d items\\n\", i) } // internationalization_of_things",
		"JSON":        `{"name":"value","list":["a","b"],"n":1.5e10,"path":"/usr/local/share/applications"}`,
		"emoji":       "Well done 👩‍💻 1️⃣ first ✅",
		"Japanese":    "会議は来週の火曜日です。資料（第三版）を確認してください。",
		"Russian":     "Встреча перенесена на вторник, подробности в приложении.",
		"hashes":      "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 and d41d8cd98f00b204e9800998ecf8427e",
		"identifiers": "550e8400-e29b-41d4-a716-446655440000 AbstractSingletonProxyFactoryBean getElementsByClassName",
		"a third":     "x = 0.66666666666666666 * y",
		"markup":      "A <b>bold</b> word, List<String> x; if a<b && c>d { 10**3 }\nA **bold** word m<sup>2</sup> 12<td>34</td>",
		"assignments": "card=4111111111111111&x=2030 a==b c=20",
	}
	for name, text := range cases {
		if s := disguise.Look([]byte(text)); s.Characters || s.Blobs {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestLongBlobsAreMappedPieceByPiece(t *testing.T) {
	plain := strings.Repeat("nothing to see here, ", 100) + secret + strings.Repeat(" and nothing there", 100)
	for name, text := range map[string]string{"base64": b64(plain), "lines": lines(b64(plain), 76), "hex": hex.EncodeToString([]byte(plain))} {
		found := false
		views([]byte(text), nil, 0, func(v *disguise.View) {
			i := bytes.Index(v.Text, []byte(secret))
			from, to, _, ok := v.Source(i, i+len(secret))
			found = true
			if !ok || to-from > 4*len(secret) {
				t.Errorf("%s: %d-%d", name, from, to)
			}
		})
		if !found {
			t.Errorf("%s is not undone", name)
		}
	}
}

func lines(s string, n int) string {
	var b strings.Builder
	for len(s) > n {
		b.WriteString(s[:n] + "\r\n")
		s = s[n:]
	}
	return b.String() + s
}

func BenchmarkLook(b *testing.B) {
	text := []byte(strings.Repeat("Please write \"a note\" about it: the report says that revenue grew by 4.2 percent; isn't it nice?\n", 41))[:4096]
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		disguise.Look(text)
	}
}

func fuzzView(f *testing.F, read func(text []byte) *disguise.View) {
	for _, d := range disguisetest.Encodings {
		f.Add([]byte("pay " + d.Encode(secret) + " now"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		disguise.Look(text)
		v := read(text)
		if v == nil {
			return
		}
		last := 0
		for i := range v.Text {
			from, to, _, ok := v.Source(i, i+1)
			if !ok {
				continue
			}
			if from < last || to < from || to > len(text) {
				t.Fatalf("byte %d of the view comes from %d-%d of %d, the one before from %d", i, from, to, len(text), last)
			}
			last = from
		}
	})
}

func FuzzMend(f *testing.F) {
	fuzzView(f, func(text []byte) *disguise.View { return disguise.Mend(text, nil) })
}

func FuzzDecode(f *testing.F) {
	fuzzView(f, func(text []byte) *disguise.View {
		budget := 1 << 16
		return disguise.Decode(text, nil, len(text)%2 == 0, &budget)
	})
}

func TestSignsThatEscapeThemselvesAreReadInOneGo(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"percent once":               {"pay %34%31%31%31 now", "pay 4111 now"},
		"percent of percent":         {"pay %2534%2531 now", "pay 41 now"},
		"five times":                 {"pay %252525252541 now", "pay A now"},
		"a percent sign at the end":  {"pay 4%25 now %34", "pay 4% now 4"},
		"backslashes of four levels": {strings.Repeat(`\`, 15) + `u0041 now`, strings.Repeat(`\`, 7) + "A now"},
		"a drawing of backslashes":   {strings.Repeat(`\`, 40) + ` %34`, strings.Repeat(`\`, 40) + ` 4`},
	}
	for name, c := range cases {
		v := disguise.Mend([]byte(c.text), nil)
		if v == nil || string(v.Text) != c.want {
			t.Errorf("%s is not read as meant", name)
			continue
		}
		for i := range v.Text {
			if from, to, _, ok := v.Source(i, i+1); !ok || from >= to || to > len(c.text) {
				t.Errorf("%s: byte %d comes from %d-%d", name, i, from, to)
			}
		}
	}
}
