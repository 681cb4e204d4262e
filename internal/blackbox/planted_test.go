package blackbox

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// planted hands out made-up sensitive values, a new one each time, and remembers them, so that
// a test can prove that none is to be found anywhere in the clear.
type planted struct {
	values []string
}

// cardBegins is the beginning of every planted card; masks show it.
const cardBegins = "453201"

// card returns a new card number that passes the Luhn check, in groups of four.
func (p *planted) card() string {
	digits := fmt.Sprintf(cardBegins+"%09d", 151128030+len(p.values)*7919)
	sum := 0
	for i := range digits { // the check digit is not there yet: every other digit from the right doubles
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	digits += fmt.Sprint((10 - sum%10) % 10)
	card := digits[:4] + " " + digits[4:8] + " " + digits[8:12] + " " + digits[12:]
	p.values = append(p.values, card)
	return card
}

// add remembers a value that the test made itself.
func (p *planted) add(value string) string {
	p.values = append(p.values, value)
	return value
}

// needle is one form of a planted value.
type needle struct {
	value int // index, so that a failure never shows the value
	form  string
	text  []byte
}

// needles returns every form in which a value could lie about: as it is, without its spaces,
// with dashes, percent-encoded, and in base64 at each of the three alignments.
func (p *planted) needles() []needle {
	var out []needle
	for i, v := range p.values {
		forms := map[string]string{
			"as it is":         v,
			"without spaces":   strings.ReplaceAll(v, " ", ""),
			"with dashes":      strings.ReplaceAll(v, " ", "-"),
			"with plus signs":  url.QueryEscape(v),
			"percent-encoded":  url.PathEscape(v),
			"as UTF-16":        utf16Bytes(v),
			"base64, aligned":  base64Core(v, 0),
			"base64, offset 1": base64Core(v, 1),
			"base64, offset 2": base64Core(v, 2),
		}
		for form, text := range forms {
			out = append(out, needle{i, form, []byte(text)})
		}
	}
	return out
}

func utf16Bytes(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteByte(byte(r))
		b.WriteByte(0)
	}
	return b.String()
}

// base64Core returns the characters of base64 that v alone decides when it begins offset bytes
// into the encoded text.
func base64Core(v string, offset int) string {
	enc := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + v))
	skip := (offset*8 + 5) / 6 // characters that hold a bit of what is before v
	keep := (offset + len(v)) * 8 / 6
	return enc[skip:keep]
}

// absentFrom fails the test when a planted value is in one of the texts, or in a file below one
// of the folders; and when the folders hold no trace of what was planted at all.
func (p *planted) absentFrom(t *testing.T, texts map[string]string, dirs ...string) {
	t.Helper()
	needles := p.needles()
	if len(needles) == 0 {
		t.Fatal("nothing was planted: the search would prove nothing")
	}
	for name, text := range texts {
		search(t, name, []byte(text), needles)
	}
	shown := len(dirs) == 0 // the beginning of a card is shown in masks
	for _, dir := range dirs {
		eachFile(t, dir, func(path string, data []byte) {
			search(t, path, data, needles)
			shown = shown || bytes.Contains(data, []byte(cardBegins))
		})
	}
	if !shown {
		t.Errorf("no file in %v holds as much as a mask: the search would find nothing there", dirs)
	}
}

// eachFile calls f for every regular file below dir.
func eachFile(t *testing.T, dir string, f func(path string, data []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !d.Type().IsRegular() {
			return nil // a running database removes files
		}
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		f(path, data)
		return err
	})
	if err != nil {
		t.Fatalf("search %s: %v", dir, err)
	}
}

func search(t *testing.T, where string, data []byte, needles []needle) {
	t.Helper()
	for _, n := range needles {
		if at := bytes.Index(data, n.text); at >= 0 {
			t.Errorf("%s holds planted value %d %s, at byte %d", where, n.value, n.form, at)
		}
	}
}

func TestPlantedValuesAreFoundInEveryForm(t *testing.T) {
	var p planted
	card := p.card()
	if len(p.needles()) != 9 {
		t.Fatalf("%d forms, want 9", len(p.needles()))
	}
	cases := map[string]string{
		"as it is":                  "card " + card + ".",
		"in base64 at the start":    base64.StdEncoding.EncodeToString([]byte(card + " and more")),
		"in base64 after one byte":  base64.StdEncoding.EncodeToString([]byte("x" + card + " and more")),
		"in base64 after two bytes": base64.StdEncoding.EncodeToString([]byte("xx" + card + " and more")),
		"in base64 after many":      base64.StdEncoding.EncodeToString([]byte("Refund the card " + card)),
		"in a query":                url.Values{"q": {"card " + card}}.Encode(),
		"without spaces":            strings.ReplaceAll(card, " ", ""),
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			for _, n := range p.needles() {
				if bytes.Contains([]byte(text), n.text) {
					return
				}
			}
			t.Error("not found")
		})
	}
}
