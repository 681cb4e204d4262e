package known

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var key = bytes.Repeat([]byte{7}, 32)

// The reference vectors of SipHash-2-4: key 00..0f, input 00..0e.
func TestSipHashVector(t *testing.T) {
	h := hasher{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	data := make([]byte, 15)
	for i := range data {
		data[i] = byte(i)
	}
	if got := h.sum(data); got != 0xa129ca6149be45e5 {
		t.Errorf("hash %x, want a129ca6149be45e5", got)
	}
}

const customers = `first_name,last_name,account,city
Amara,Halvorsen,4417-2290-118,Oslo
Joel,Pritchard,8812 345 670,Leeds
Fatima,de la Cruz,7700112233,Lisbon
Ann,Lee,12,Oslo
`

func table(t *testing.T, csv string, columns ...string) *Table {
	t.Helper()
	var out bytes.Buffer
	if _, err := BuildTable(&out, strings.NewReader(csv), key, columns); err != nil {
		t.Fatal(err)
	}
	for _, plain := range []string{"Halvorsen", "halvorsen", "44172290118", "Lisbon"} {
		if bytes.Contains(out.Bytes(), []byte(plain)) {
			t.Fatalf("the file holds a value in the clear")
		}
	}
	closed, err := OpenTable(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	open, err := closed.WithKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return open
}

func TestRecords(t *testing.T) {
	tab := table(t, customers, "last_name", "account", "city")
	want := Want{Columns: []int{0, 1}, Require: 2, Within: 100}
	cases := map[string]struct {
		text  string
		found int
	}{
		"two columns of one row":            {"Dear Ms HALVORSEN, your account 4417 2290 118 is open", 1},
		"the other order":                   {"account 8812345670 (Pritchard)", 1},
		"a name of three words":             {"De La Cruz: 7700112233", 1},
		"columns of different rows":         {"Halvorsen asked about 8812345670", 0},
		"one column only":                   {"Halvorsen and Pritchard met", 0},
		"too far apart":                     {"Halvorsen " + strings.Repeat("x ", 60) + "44172290118", 0},
		"a column that is not asked for":    {"Halvorsen lives in Oslo", 0},
		"two records":                       {"Halvorsen 44172290118; Pritchard 8812345670", 2},
		"inside of a longer number":         {"Halvorsen 944172290118", 0},
		"a word that only starts like one ": {"Halvorsensson 44172290118", 0},
	}
	for name, c := range cases {
		n := 0
		tab.Find([]byte(c.text), want, func(start, end, cells int) { n++ })
		if n != c.found {
			t.Errorf("%s: %d records, want %d", name, n, c.found)
		}
	}
}

func TestAnotherKeyIsRefused(t *testing.T) {
	var out bytes.Buffer
	if _, err := BuildTable(&out, strings.NewReader(customers), key, nil); err != nil {
		t.Fatal(err)
	}
	closed, err := OpenTable(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := closed.WithKey(make([]byte, 32)); !errors.Is(err, ErrKey) {
		t.Errorf("error %v, want ErrKey", err)
	}
	if _, err := OpenTable(out.Bytes()[:out.Len()-3]); !errors.Is(err, ErrFile) {
		t.Errorf("error %v for a cut file, want ErrFile", err)
	}
}

func TestMissingColumnIsNamed(t *testing.T) {
	_, err := BuildTable(&bytes.Buffer{}, strings.NewReader(customers), key, []string{"iban"})
	if err == nil || !strings.Contains(err.Error(), `no column "iban"; the heading line has first_name`) {
		t.Errorf("error %v", err)
	}
}

// A million cells take twelve bytes each, in the file and in memory.
func TestMillionCells(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("name,account\n")
	for i := range 500_000 {
		fmt.Fprintf(&csv, "surname%d,%d\n", i%90_000, 4_000_000_000+i*7)
	}
	var out bytes.Buffer
	stats, err := BuildTable(&out, strings.NewReader(csv.String()), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if stats.Cells != 1_000_000 || out.Len() > 16<<20 {
		t.Errorf("%d cells in %d bytes, want 1,000,000 in at most 16 MiB", stats.Cells, out.Len())
	}
	file := out.Bytes()
	csv.Reset()
	before := heap()
	closed, err := OpenTable(slices.Clone(file))
	if err != nil {
		t.Fatal(err)
	}
	tab, err := closed.WithKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("a million cells take %d MiB, want at most 16", grown>>20)
	} else {
		t.Logf("a million cells take %.1f MiB in memory", float64(grown)/(1<<20))
	}
	n := 0
	text := fmt.Sprintf("for surname%d the account %d", 123_456%90_000, 4_000_000_000+123_456*7)
	tab.Find([]byte(text), Want{Columns: []int{0, 1}, Require: 2, Within: 80}, func(int, int, int) { n++ })
	if n != 1 {
		t.Errorf("%d records, want 1", n)
	}
	runtime.KeepAlive(file)
}

// heap returns the bytes in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkFindRecords(b *testing.B) {
	var csv, out bytes.Buffer
	csv.WriteString("name,account\n")
	for i := range 500_000 {
		fmt.Fprintf(&csv, "surname%d,%d\n", i%90_000, 4_000_000_000+i*7)
	}
	if _, err := BuildTable(&out, &csv, key, nil); err != nil {
		b.Fatal(err)
	}
	closed, err := OpenTable(out.Bytes())
	if err != nil {
		b.Fatal(err)
	}
	tab, err := closed.WithKey(key)
	if err != nil {
		b.Fatal(err)
	}
	text := []byte(essay(3, 50))[:4096]
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tab.Find(text, Want{Columns: []int{0, 1}, Require: 2, Within: 80}, func(int, int, int) {})
	}
}

// essay is text of n sentences over a vocabulary of two thousand words.
func essay(seed uint64, n int) string {
	syllables := []string{"ba", "dor", "fen", "gil", "ham", "jo", "kes", "lun", "mir", "nos", "pra", "quo", "rus", "ste", "tam", "vel"}
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same text every time
	var b strings.Builder
	for range n {
		for i := range 12 {
			if i > 0 {
				b.WriteByte(' ')
			}
			for range 2 + random.IntN(2) {
				b.WriteString(syllables[random.IntN(len(syllables))])
			}
		}
		b.WriteString(". ")
	}
	return b.String()
}

func library(t *testing.T, docs ...string) *Library {
	t.Helper()
	var file []byte
	for i, d := range docs {
		var err error
		if file, err = AddDocument(file, fmt.Sprintf("paper %d", i+1), []byte(d), key); err != nil {
			t.Fatal(err)
		}
	}
	closed, err := OpenLibrary(file)
	if err != nil {
		t.Fatal(err)
	}
	open, err := closed.WithKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return open
}

func TestPassages(t *testing.T) {
	doc, other := essay(1, 60), essay(500, 60)
	lib := library(t, doc, essay(900, 40))
	cases := map[string]struct {
		text string
		want string
	}{
		"the whole document":           {doc, "paper 1"},
		"half of it among other words": {"Please shorten this: " + doc[:len(doc)/2] + " Thanks!", "paper 1"},
		"other spacing and case":       {strings.ToUpper(strings.ReplaceAll(doc, " ", "\n ")), "paper 1"},
		"a paragraph alone":            {doc[1000:1600], "paper 1"},
		"another document":             {other, ""},
		"a sentence":                   {doc[:70], ""},
	}
	for name, c := range cases {
		got := ""
		lib.Find([]byte(c.text), 0.3, func(m Match) {
			got = m.Name
			if m.Similarity < 0.3 || m.Similarity > 1 || m.Start < 0 || m.End > len(c.text) {
				t.Errorf("%s: %+v", name, m)
			}
		})
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestDocumentIsReplaced(t *testing.T) {
	file, err := AddDocument(nil, "plan", []byte(essay(1, 20)), key)
	if err != nil {
		t.Fatal(err)
	}
	if file, err = AddDocument(file, "plan", []byte(essay(2, 20)), key); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLibrary(file)
	if err != nil || len(l.documents) != 1 {
		t.Errorf("%d documents, %v", len(l.documents), err)
	}
	if _, err := AddDocument(nil, "short", []byte("too short"), key); err == nil {
		t.Error("a document of two words is accepted")
	}
	if _, err := AddDocument(file, "x", []byte(essay(3, 20)), make([]byte, 32)); !errors.Is(err, ErrKey) {
		t.Errorf("error %v, want ErrKey", err)
	}
	firstWord, _, _ := strings.Cut(essay(2, 20), " ")
	if bytes.Contains(file, []byte(firstWord)) || bytes.Contains(file, []byte(hex.EncodeToString([]byte(firstWord)))) {
		t.Error("the file holds text in the clear")
	}
}

func FuzzOpen(f *testing.F) {
	var out bytes.Buffer
	if _, err := BuildTable(&out, strings.NewReader(customers), key, nil); err != nil {
		f.Fatal(err)
	}
	file, err := AddDocument(nil, "plan", []byte(essay(1, 20)), key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Add(file)
	text := []byte(customers)
	f.Fuzz(func(t *testing.T, data []byte) {
		if tab, err := OpenTable(data); err == nil {
			if open, err := tab.WithKey(key); err == nil {
				open.Find(text, Want{Columns: []int{0}, Require: 1, Within: 10}, func(int, int, int) {})
			}
		}
		if lib, err := OpenLibrary(data); err == nil {
			if open, err := lib.WithKey(key); err == nil {
				open.Find(text, 0.1, func(Match) {})
			}
		}
	})
}
