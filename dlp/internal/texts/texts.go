// Package texts makes the texts by which the scan engine is tested and measured: ordinary
// ones of three kinds, prompts, and hostile ones.
package texts

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// Corpora are texts of the three ordinary kinds, 4 MB each, with an item to find about
// every 100 KB.
// Programs and prose are those of the Go installation, which has both at hand everywhere.
type Corpora struct{ Prose, Code, Structured []byte }

var readCorpora = sync.OnceValues(func() (*Corpora, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	const size = 4 << 20
	prose, code := bytes.Buffer{}, bytes.Buffer{}
	comment := regexp.MustCompile(`(?m)^\s*// ?(.*)$`)
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(out)), "src"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "testdata" || d.Name() == "vendor") {
			return filepath.SkipDir
		}
		if prose.Len() >= size && code.Len() >= size {
			return filepath.SkipAll
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "tables.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		code.Write(b[:min(len(b), 100_000, max(0, size-code.Len()))])
		for _, m := range comment.FindAllSubmatch(b, -1) {
			if prose.Len() < size {
				prose.Write(m[1])
				prose.WriteByte('\n')
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(7, 7))
	const every = 100_000
	return &Corpora{
		Prose:      plant(r, prose.Bytes(), every),
		Code:       plant(r, code.Bytes(), every),
		Structured: plant(r, structuredText(r, size), every),
	}, nil
})

// Ordinary returns the ordinary texts, which nobody may change. It needs a Go installation.
func Ordinary() (*Corpora, error) { return readCorpora() }

// structuredText makes orders as CSV, events as JSON lines, a log and nested JSON.
func structuredText(r *rand.Rand, size int) []byte {
	var b bytes.Buffer
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	part := size / 4
	b.WriteString("order_id,date,sku,qty,unit_price,currency,warehouse,status,ref\n")
	for b.Len() < part {
		fmt.Fprintf(&b, "%d,2026-%02d-%02dT%02d:%02d:%02dZ,SKU-%05d,%d,%.2f,%s,WH%02d,%s,%08x-%04x-4%03x-a%03x-%012x\n",
			r.IntN(1e6), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1e5), 1+r.IntN(99), r.Float64()*900,
			pick("EUR", "USD", "GBP"), r.IntN(40), pick("shipped", "open", "returned", "paid"),
			r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48))
	}
	for b.Len() < 2*part {
		fmt.Fprintf(&b, `{"ts":"2026-11-23T%02d:%02d:%02d.%03dZ","level":"%s","caller":"server/handler.go:%d","msg":"request done","dur_ms":%.3f,"trace":"%016x","bytes":%d}`+"\n",
			r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000), pick("info", "info", "debug", "warn"), r.IntN(900), r.Float64()*500, r.Uint64(), r.IntN(1e6))
	}
	for b.Len() < 3*part {
		fmt.Fprintf(&b, "10.%d.%d.%d - - [23/Nov/2026:%02d:%02d:%02d +0000] \"GET /v1/%s/%d?page=%d HTTP/1.1\" %s %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36\"\n",
			r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(24), r.IntN(60), r.IntN(60), pick("items", "orders", "users", "search"), r.IntN(1e6), r.IntN(50), pick("200", "200", "304", "404"), r.IntN(1e5))
	}
	for b.Len() < size {
		fmt.Fprintf(&b, "{\n  \"id\": %d,\n  \"name\": \"%s %s\",\n  \"active\": %v,\n  \"tags\": [\"%s\", \"%s\"],\n  \"position\": {\"x\": %.4f, \"y\": %.4f},\n  \"note\": \"%s is %s for the %s\"\n},\n",
			r.IntN(1e6), pick("blue", "north", "main", "old"), pick("depot", "team", "queue", "index"), r.IntN(2) == 0, pick("a", "beta", "x1"), pick("prod", "test"),
			r.Float64()*100, r.Float64()*100, pick("delivery", "the report", "this item"), pick("planned", "late", "ready"), pick("customer", "next release", "audit"))
	}
	return b.Bytes()[:size]
}

// plant puts an item on a line of its own about every so many bytes.
func plant(r *rand.Rand, text []byte, every int) []byte {
	var out bytes.Buffer
	for len(text) > 0 {
		n := min(len(text), every/2+r.IntN(every))
		if i := bytes.IndexByte(text[n:], '\n'); i >= 0 {
			n += i + 1
		} else {
			n = len(text)
		}
		out.Write(text[:n])
		text = text[n:]
		fmt.Fprintf(&out, "please check %s for me\n", Item(r))
	}
	return out.Bytes()
}

// Sets of characters for [Random].
const (
	Digits   = "0123456789"
	hexits   = "0123456789abcdef"
	letters  = "abcdefghijklmnopqrstuvwxyz"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	Alnums   = Digits + letters + capitals
)

// Random returns n random characters out of a set.
func Random(r *rand.Rand, n int, of string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = of[r.IntN(len(of))]
	}
	return string(b)
}

// Item returns something that a pattern finds.
func Item(r *rand.Rand) string {
	x := func(n int, of string) string { return Random(r, n, of) }
	switch r.IntN(24) {
	case 0:
		return "4" + x(15, Digits)
	case 1:
		return "5" + x(3, Digits) + " " + x(4, Digits) + " " + x(4, Digits) + " " + x(4, Digits)
	case 2:
		return x(3, Digits) + "-" + x(2, Digits) + "-" + x(4, Digits)
	case 3:
		return "DE" + x(20, Digits)
	case 4:
		return x(6, letters) + "." + x(7, letters) + "@" + x(8, letters) + ".com"
	case 5:
		return "(212) " + x(3, Digits) + "-" + x(4, Digits)
	case 6:
		return "+49 30 " + x(4, Digits) + " " + x(4, Digits)
	case 7:
		return "AK" + "IA" + x(16, "ABCDEFGH234567")
	case 8:
		return "gh" + "p_" + x(36, Alnums)
	case 9:
		return "sk" + "-proj-" + x(80, Alnums)
	case 10:
		return "AI" + "za" + x(35, Alnums)
	case 11:
		return "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "J" + x(60, Alnums) + "." + x(43, Alnums)
	case 12:
		return "password = \"" + x(12, Alnums) + "\""
	case 13:
		return "api_key: '" + x(32, Alnums) + "'"
	case 14:
		return "Authorization: Bearer " + x(40, Alnums)
	case 15:
		return "postgres://admin:" + x(14, Alnums) + "@db.example.com:5432/app"
	case 16:
		return "Strictly Confidential"
	case 17:
		return "社外秘"
	case 18:
		return "MRN: " + x(8, Digits)
	case 19:
		return x(3, Digits) + "." + x(3, Digits) + "." + x(3, Digits) + "-" + x(2, Digits)
	case 20:
		return "Server=db1;Database=x;User Id=sa;Password=" + x(10, Alnums)
	case 21:
		return "DOB: 04/12/19" + x(2, Digits)
	case 22:
		return "xo" + "xb-" + x(12, Digits) + "-" + x(12, Digits) + "-" + x(24, Alnums)
	default:
		return x(2, hexits) + ":" + x(2, hexits) + ":" + x(2, hexits) + ":" + x(2, hexits) + ":" + x(2, hexits) + ":" + x(2, hexits)
	}
}

// Prompts cuts n prompts of 4 KB from the corpora, every 25th with an item in it.
func (c *Corpora) Prompts(n int) [][]byte {
	const size = 4 << 10
	r := rand.New(rand.NewPCG(11, 11))
	ask := []string{"Please summarise this for my manager:\n\n", "What is wrong here?\n\n", "Translate this into German:\n\n", "Refactor this, please.\n\n"}
	out := make([][]byte, n)
	for i := range out {
		from := [][]byte{c.Prose, c.Prose, c.Prose, c.Code, c.Code, c.Structured}[r.IntN(6)]
		at := r.IntN(len(from) - size)
		p := append([]byte(ask[r.IntN(len(ask))]), from[at:at+size]...)
		if i%25 == 0 {
			copy(p[r.IntN(size-200):], " "+Item(r)+" ")
		}
		out[i] = p[:size]
	}
	return out
}

// Words makes a list of n words and phrases that hardly occur.
func Words(n int) []string {
	r := rand.New(rand.NewPCG(13, 13))
	syllables := strings.Fields("ba ver tron lux ka mi zen dor fal qui nox pra sel tur wyn gra hel ost pyr cal mon ti es an re in de li pro con")
	heads := strings.Fields("project operation codename initiative programme merger budget contract")
	seen := map[string]bool{}
	out := make([]string, 0, n)
	for len(out) < n {
		w := ""
		for range 2 + r.IntN(3) {
			w += syllables[r.IntN(len(syllables))]
		}
		if r.IntN(6) == 0 {
			w = heads[r.IntN(len(heads))] + " " + w
		}
		if len(w) > 5 && !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// Hostile returns bodies of n bytes that are as far from ordinary text, or as near to
// many matches, as we can think of.
func Hostile(n int) map[string][]byte {
	r := rand.New(rand.NewPCG(3, 3))
	again := func(s string) []byte { return []byte(strings.Repeat(s, n/len(s)+1)[:n]) }
	bin := make([]byte, n)
	for i := range bin {
		bin[i] = byte(r.Uint32())
	}
	runes := func(f func() rune) []byte {
		var b bytes.Buffer
		for b.Len() < n {
			b.WriteRune(f())
		}
		return b.Bytes()
	}
	list := Words(500)
	return map[string][]byte{
		"at signs": again("@"), "a@": again("a@"), "sevens": again("7"), "digits and separators": again("4 1 2-3 "),
		"card with a letter": again("4111 1111 1111 111x "), "longer than a social security number": again("123-45-67890 "),
		"sk-": again("sk-"), "sk- and space": again("sk- "), "AKIA": again("AKIA "), "AKIA one short": again("AKIAABCDEFGHIJKLMNO "),
		"1.1.1.": again("1.1.1."), "aa:": again("aa:"), "http://a": again("http://a"), "a://b:": again("a://b:"),
		"password=": again("password="), "api_key": again("api_key  =  "), "eyJ.": again("eyJ."), "two parts of a token": again("eyJaaaaaaaaaaaa.eyJaaaaaaaaaaaa."),
		"63 letters and @": again(strings.Repeat("a", 63) + "@"), "a@b.": again("a@b."), "BEGIN": again("-----BEGIN "), "server=a;": again("server=a;"),
		"a.corp.": again("a.corp."), "bitcoin one short": again("1" + strings.Repeat("A", 24) + " "), "bearer": again("bearer "), "AB12 CDEF": again("AB12 CDEF "),
		"long s": again("ſ"), "passwordK": again("password\u212a "), "many prefixes": again("ghp_ sk- xoxb- AIza glpat- npm_ AKIA hf_ SG. eyJ 0x1f 4111 "),
		"words of the list": again(strings.Join(list, " ") + " "), "words with another end": again(strings.Join(list, "q ") + "q "),
		"base64": []byte(base64.StdEncoding.EncodeToString(bin))[:n], "binary": bin, "hex": fmt.Appendf(nil, "%x", bin)[:n],
		"random digits": []byte(Random(r, n, Digits+" -.")), "random print": []byte(Random(r, n, Alnums+" @.:-_=/+\"")),
		"chinese": runes(func() rune { return 0x4e00 + rune(r.IntN(0x51a5)) }), "cyrillic": runes(func() rune { return 0x430 + rune(r.IntN(32)) }),
		"key block without end": append([]byte("-----BEGIN PRIVATE KEY-----"), again("MHcCAQEE")...)[:n],
		"one long word":         again("a"), "dotted word": again("a."), "secret words": again("secret_key_token_"), "aws": again("aws secret "),
		"unclosed quotes": again("password='"), "dashes": again("-"), "hex with colons cut": again("ab:cd:ef:ab:cd:e "), "words and is": again("password is "),
		"bad bytes": again("server=\xffa;"), "bad bytes in a key": again("-----BEGIN \xff"),
	}
}

// Variant makes another pattern of the same kind for n > 0: its first plain letters are
// replaced.
func Variant(expr string, n int) string {
	if n == 0 {
		return expr
	}
	for i := 0; i+2 < len(expr); i++ {
		if letterOrDigit(expr[i]) && letterOrDigit(expr[i+1]) && letterOrDigit(expr[i+2]) && (i == 0 || expr[i-1] == 'b' || expr[i-1] == ':') {
			const abc = "bcdfghklmnpqrtvwxz"
			return expr[:i] + string([]byte{abc[n%18], abc[n/18%18], abc[n/5%18]}) + expr[i+3:]
		}
	}
	return expr + string(rune('a'+n%26))
}

func letterOrDigit(b byte) bool { return b != 0 && strings.IndexByte(Alnums, b) >= 0 }

var literal = regexp.MustCompile(`[A-Za-z0-9_@.:=-]{2,12}`)

// Mixed strings together what patterns are made of, items that they find, words, and
// damage of several kinds.
func Mixed(r *rand.Rand, exprs, list []string) string {
	var b strings.Builder
	for size := 20 + r.IntN(400); b.Len() < size; {
		var s string
		switch r.IntN(8) {
		case 0, 1:
			parts := literal.FindAllString(exprs[r.IntN(len(exprs))], -1)
			if len(parts) > 0 {
				s = parts[r.IntN(len(parts))]
			}
		case 2, 3:
			s = " " + Item(r) + " "
		case 4:
			s = " " + list[r.IntN(len(list))] + []string{" ", ",", "s", "K", "\u017f"}[r.IntN(5)]
		case 5:
			s = Random(r, 1+r.IntN(90), "0123456789abcdefABCDEFXYZ_-. ")
		case 6:
			s = []string{"ſ", "\u212a", "\xff", "\xc5", "\xe2\x84", "é", "社外秘", "für", "\n", "@", ":", "=", "://", "\x00", "\"", "'"}[r.IntN(16)]
		default:
			s = strings.Repeat([]string{"0", "1 ", "a", "a.", "-", "@", "sk-", "::"}[r.IntN(8)], 1+r.IntN(30))
		}
		switch r.IntN(12) {
		case 0:
			s = strings.ToUpper(s)
		case 1:
			s = strings.NewReplacer("s", "ſ", "k", "\u212a", "S", "ſ", "K", "\u212a").Replace(s)
		case 2:
			if s != "" {
				c := []byte(s)
				c[r.IntN(len(c))] = byte(r.Uint32())
				s = string(c)
			}
		case 3:
			s = strings.Repeat(s, 1+r.IntN(5))
		}
		b.WriteString(s)
	}
	return b.String()
}
