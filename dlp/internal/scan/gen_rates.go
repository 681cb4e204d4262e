//go:build ignore

// Command gen_rates counts byte pairs in text files and writes rates.bin. It reads the
// documents, programs and data below the directories given; the three kinds weigh alike.
//
//	go run gen_rates.go -o rates.bin /usr/share/doc /usr/local/go/src /usr/share/iso-codes
package main

import (
	"flag"
	"io/fs"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"
)

const kinds = 94

var endings = map[string][]string{
	"prose":      {".md", ".rst", ".txt", ".html", ""},
	"code":       {".go", ".py", ".js", ".c", ".h", ".rs", ".sh", ".java", ".sql"},
	"structured": {".json", ".csv", ".log", ".yaml", ".yml", ".xml", ".toml"},
}

func main() {
	out := flag.String("o", "rates.bin", "file to write")
	most := flag.Int("bytes", 24<<20, "bytes to count of each kind of text")
	flag.Parse()
	counts := map[string]*[kinds][kinds]float64{}
	sizes := map[string]int{}
	for name := range endings {
		counts[name] = new([kinds][kinds]float64)
	}
	for _, dir := range flag.Args() {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil
			}
			for name, ends := range endings {
				if sizes[name] >= *most || !slices.Contains(ends, filepath.Ext(path)) {
					continue
				}
				b, err := os.ReadFile(path)
				if err != nil || !utf8.Valid(b) || slices.Contains(b, 0) {
					continue
				}
				b = b[:min(len(b), 200_000)]
				sizes[name] += len(b)
				for i := 1; i < len(b); i++ {
					counts[name][kindOf(b[i-1])][kindOf(b[i])]++
				}
			}
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	table := make([]byte, 0, kinds*kinds)
	for i := range kinds {
		for j := range kinds {
			n := 0.0
			for name, c := range counts {
				n += c[i][j] * 1e6 / float64(max(1, sizes[name]))
			}
			table = append(table, byte(math.Round(10*math.Log2(1+n))))
		}
	}
	log.Print(sizes)
	if err := os.WriteFile(*out, table, 0o644); err != nil {
		log.Fatal(err)
	}
}
func kindOf(b byte) int {
	switch {
	case b == '\t':
		return 1
	case b == '\n':
		return 2
	case b == '\r':
		return 3
	case b == ' ':
		return 4
	case b < ' ' || b == 0x7f:
		return 0
	case b < '0':
		return 5 + int(b-'!')
	case b <= '9':
		return 37
	case b < 'A':
		return 20 + int(b-':')
	case b <= 'Z':
		return 38 + int(b-'A')
	case b < 'a':
		return 27 + int(b-'[')
	case b <= 'z':
		return 64 + int(b-'a')
	case b < 0x80:
		return 33 + int(b-'{')
	case b < 0xc0:
		return 90
	case b < 0xe0:
		return 91
	case b < 0xf0:
		return 92
	}
	return 93
}
