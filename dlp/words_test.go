package dlp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func foundWords(w *wordList, text string) []string {
	var out []string
	w.find([]byte(text), func(start, end int, _ Confidence, _ string) { out = append(out, text[start:end]) })
	return out
}

func TestWordsAreFoundAsTheListSays(t *testing.T) {
	cases := map[string]struct {
		list []string
		opts wordOptions
		text string
		want []string
	}{
		"the longest at a place":           {[]string{"blue", "blue falcon", "bl"}, wordOptions{}, "a blue falcon, blue", []string{"blue falcon", "blue"}},
		"inside of words":                  {[]string{"falcon"}, wordOptions{}, "xfalcony", []string{"falcon"}},
		"only whole ones":                  {[]string{"falcon"}, wordOptions{wholeWord: true}, "xfalcon falcons falcon.", []string{"falcon"}},
		"in any case":                      {[]string{"Straße", "ÉLAN"}, wordOptions{ignoreCase: true}, "STRAßE élan Élan", []string{"STRAßE", "élan", "Élan"}},
		"as they are written":              {[]string{"Falcon"}, wordOptions{}, "falcon FALCON Falcon", []string{"Falcon"}},
		"over the end of a line":           {[]string{"blue  falcon"}, wordOptions{}, "blue\n\t falcon", []string{"blue\n\t falcon"}},
		"in scripts without spaces":        {[]string{"機密計画"}, wordOptions{}, "これは機密計画です", []string{"機密計画"}},
		"with a short one before":          {[]string{"ab", "abcdefgh"}, wordOptions{}, "abcdefgx abcdefgh", []string{"ab", "abcdefgh"}},
		"a whole one though it goes on so": {[]string{"red", "red fox run"}, wordOptions{wholeWord: true}, "red fox ran", []string{"red"}},
		"the Kelvin sign is a k":           {[]string{"kite"}, wordOptions{ignoreCase: true}, "\u212aite", []string{"\u212aite"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := foundWords(newWordList(c.list, c.opts), c.text); !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// Ten thousand words, also of one beginning, find each of themselves and cost little.
func TestTenThousandWords(t *testing.T) {
	const n = 10_000
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("PRJ-%04d Überprüfung", i)
	}
	w := newWordList(list, wordOptions{ignoreCase: true, wholeWord: true})
	text := strings.ToLower(strings.Join(list, ", "))
	if got := foundWords(w, text); len(got) != n {
		t.Errorf("%d words found, want %d", len(got), n)
	}
	began := time.Now()
	if got := foundWords(w, strings.Repeat("PRJ- ", 200_000)); len(got) != 0 {
		t.Errorf("%d words found where there are only beginnings", len(got))
	}
	if took := time.Since(began); took > 10*time.Second { // milliseconds, when no list is walked
		t.Errorf("a megabyte of beginnings takes %v", took)
	}
}
