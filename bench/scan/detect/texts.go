package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"time"
)

// corpus is a row of texts; unit is how many bytes the time is told for.
type corpus struct {
	name  string
	texts [][]byte
	unit  int
}

// promptSize is what the first table calls a prompt.
const promptSize = 4096

// cleanTexts returns the prompts without labels, alone and put together to 4 KB.
func cleanTexts(file string) ([]corpus, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open prompts: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("unpack prompts: %w", err)
	}
	var single [][]byte
	var all []byte
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var p struct {
			Text   string `json:"text"`
			Labels []any  `json:"labels"`
		}
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return nil, fmt.Errorf("read prompts: %w", err)
		}
		if len(p.Labels) == 0 {
			single = append(single, []byte(p.Text))
			all = append(append(all, p.Text...), "\n\n"...)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read prompts: %w", err)
	}
	var packed [][]byte
	for at := 0; at+promptSize <= len(all); at += promptSize {
		packed = append(packed, all[at:at+promptSize])
	}
	var spoken [][]byte
	prose := strings.Repeat(proseText, promptSize/len(proseText)+2)
	for i := range 16 {
		spoken = append(spoken, []byte(prose[i*37:i*37+promptSize]))
	}
	return []corpus{
		{fmt.Sprintf("4 KB of prose, %d", len(spoken)), spoken, promptSize},
		{fmt.Sprintf("4 KB of clean prompts with hard negatives, %d", len(packed)), packed, promptSize},
		{fmt.Sprintf("%d clean prompts of %d bytes on average", len(single), len(all)/len(single)), single, len(all) / len(single)},
		{"1 MiB of prose", [][]byte{bytes.Repeat([]byte(proseText), 1<<20/len(proseText))}, 1 << 20},
	}, nil
}

const proseText = `Please write a short note to the team about the new release. It should say what has changed since March, why the ` +
	`old report is gone, and whom to ask when something looks wrong. Keep the tone friendly, use at most three paragraphs, and ` +
	`do not promise dates. The second half may list what is still open: the search page is slow on phones, two translations are ` +
	`missing, and nobody has checked the manual yet.

Also explain to a new colleague how our reviews work. Two people read every change; the author answers all remarks, even the small ` +
	`ones, and merges only after both agree. If they cannot, they talk, and write down what they decided and why. It's fine to ` +
	`"just try it", as long as the tests tell us what broke.

`

// hostiles are texts made to be slow, by name: each writes at least n bytes.
var hostiles = []struct {
	name string
	make func(n int) []byte
}{
	{"prose, to compare", repeated(proseText)},
	{"only @", repeated("@")},
	{"only digits", func(n int) []byte { return random(n, "0123456789") }},
	{"digits in groups", func(n int) []byte { return random(n, "0123456789 -") }},
	{"sk- again and again", repeated("sk-")},
	{"only {", repeated("{")},
	{"base64 alphabet", func(n int) []byte {
		return random(n, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
	}},
	{"base64 lines of noise", func(n int) []byte { return lines(base64.StdEncoding.EncodeToString(noise(n * 3 / 4))) }},
	{"base64 of base64 of base64 of text", func(n int) []byte {
		b := bytes.Repeat([]byte(proseText), n/len(proseText)/2+1)
		for range 3 {
			b = []byte(base64.StdEncoding.EncodeToString(b))
		}
		return b
	}},
	{"gzip of one letter in base64", func(n int) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(bytes.Repeat([]byte("a"), 1<<20)) // a buffer takes everything
		_ = w.Close()
		one := base64.StdEncoding.EncodeToString(b.Bytes()) + "\n"
		return bytes.Repeat([]byte(one), n/len(one)+1)
	}},
	{"%25 of %25 of percent", repeated("%2525252541")},
	{"every letter escaped", repeated(`\u0041\x41&#65;%41`)},
	{"hex", func(n int) []byte { return random(n, "0123456789abcdef") }},
	{"0xFF", repeated("\xff")},
	{"random noise", noise},
	{"zero-width between letters", repeated("a\u200b")},
	{"full-width digits", repeated("４１１１ ")},
	{"backslashes", repeated(`\`)},
	{"quotes and pluses", repeated(`"+`)},
	{"password: again and again", repeated("password: ")},
	{"one line of words", func(n int) []byte { return bytes.ReplaceAll(repeated(proseText)(n), []byte("\n"), []byte(" ")) }},
}

func repeated(s string) func(int) []byte {
	return func(n int) []byte { return bytes.Repeat([]byte(s), n/len(s)+1) }
}

func random(n int, alphabet string) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return out
}

func noise(n int) []byte {
	rng := rand.NewChaCha8([32]byte{1})
	out := make([]byte, n)
	_, _ = rng.Read(out) // it never fails
	return out
}

func lines(s string) []byte {
	var b bytes.Buffer
	for len(s) > 76 {
		b.WriteString(s[:76] + "\n")
		s = s[76:]
	}
	b.WriteString(s)
	return b.Bytes()
}

// hostileTable prints the speed on hostile texts of 1, 4 and 16 MiB: linear growth shows as
// equal speed.
func hostileTable(tools []tool, rounds int, named *regexp.Regexp) {
	all := tools[:1]
	fmt.Printf("\nHostile text, %s, MB/s of one core:\n\n| text | 1 MiB | 4 MiB | 16 MiB | findings in 1 MiB |\n|---|---:|---:|---:|---:|\n", all[0].name)
	for _, h := range hostiles {
		if !named.MatchString(h.name) {
			continue
		}
		fmt.Printf("| %s |", h.name)
		first := 0
		for _, size := range []int{1 << 20, 4 << 20, 16 << 20} {
			text := h.make(size)[:size]
			r := measure(all, [][]byte{text}, max(1, min(rounds, 16<<20/size)), time.Millisecond)[0]
			if size == 1<<20 {
				first = r.findings
			}
			fmt.Printf(" %.0f |", mbs(r))
		}
		fmt.Printf(" %d |\n", first)
	}
}
