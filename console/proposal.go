package console

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// proposal is a change to a detector that the false positives speak for: words for its
// `against`, and values for its `allow`.
type proposal struct {
	Words   []string
	Values  []wrongValue
	Diff    []playPiece
	File    string // in which the detector is defined
	Against int    // false positives that hold one of the words
	Kept    int    // right findings that hold one, and would be weakened too
}

// wrongValue is a value that was a false positive each time. It is known by its fingerprint
// only, so a person who knows it has to write it into the rule.
type wrongValue struct {
	Masked string
	Events int
}

func (p *proposal) empty() bool { return len(p.Words) == 0 && len(p.Values) == 0 }

// How many events a proposal is drawn from, and what a word or a value needs.
const (
	proposalEvents = 100
	proposalMost   = 5 // words, and values
	proposalLeast  = 2 // false positives a word or a value must be in
)

// verdictCount counts something in events: in false positives, and in right findings.
type verdictCount struct{ wrong, right int }

// propose looks for words that stand near false positives of a detector and not near its
// right findings, and for values that were never right. Excerpts are masked, so no value can
// end up in a rule.
func (s *Server) propose(ctx context.Context, detector string, files map[string][]byte) (*proposal, error) {
	near, values, masks := map[string]verdictCount{}, map[string]verdictCount{}, map[string]string{}
	var wrong, right []map[string]bool
	for _, state := range []store.ReviewState{store.ReviewFalsePositive, store.ReviewConfirmed, store.ReviewAccepted} {
		list, err := s.o.Store.ReviewedEvents(ctx, detector, state, proposalEvents)
		if err != nil {
			return nil, err
		}
		for k := range list {
			words, found := nearWords(&list[k], detector), valuesOf(&list[k], detector)
			count := func(in map[string]verdictCount, key string) {
				c := in[key]
				if state == store.ReviewFalsePositive {
					c.wrong++
				} else {
					c.right++
				}
				in[key] = c
			}
			for w := range words {
				count(near, w)
			}
			for fingerprint := range found {
				count(values, fingerprint)
			}
			maps.Copy(masks, found)
			if state == store.ReviewFalsePositive {
				wrong = append(wrong, words)
			} else {
				right = append(right, words)
			}
		}
	}
	p := &proposal{Words: most(near, func(c verdictCount) bool { return c.right*4 < c.wrong })}
	for _, fingerprint := range most(values, func(c verdictCount) bool { return c.right == 0 }) {
		p.Values = append(p.Values, wrongValue{masks[fingerprint], values[fingerprint].wrong})
	}
	p.Against, p.Kept = countHolding(wrong, p.Words), countHolding(right, p.Words)
	diff := ""
	p.File, diff = proposalDiff(files, detector, p.Words, p.Values)
	p.Diff = shownDiff(diff)
	return p, nil
}

// most returns the keys that were in enough false positives and are good, the clearest first.
func most(counts map[string]verdictCount, good func(verdictCount) bool) []string {
	var list []string
	for key, c := range counts {
		if c.wrong >= proposalLeast && good(c) {
			list = append(list, key)
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		x, y := counts[a], counts[b]
		return cmp.Or(cmp.Compare(y.wrong-y.right, x.wrong-x.right), strings.Compare(a, b))
	})
	return list[:min(len(list), proposalMost)]
}

func countHolding(events []map[string]bool, words []string) (n int) {
	for _, e := range events {
		if slices.ContainsFunc(words, func(w string) bool { return e[w] }) {
			n++
		}
	}
	return n
}

// nearWords are the words of the masked excerpts of a detector's matches.
func nearWords(e *event.Event, detector string) map[string]bool {
	out := map[string]bool{}
	for i := range e.Matches {
		if e.Matches[i].Detector != detector {
			continue
		}
		for _, w := range strings.FieldsFunc(strings.ToLower(e.Matches[i].Excerpt), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if len(w) >= 4 && len(w) <= 30 {
				out[w] = true
			}
		}
	}
	return out
}

// valuesOf are the values that a detector found, masked, by fingerprint.
func valuesOf(e *event.Event, detector string) map[string]string {
	out := map[string]string{}
	for i := range e.Matches {
		m := &e.Matches[i]
		if m.Detector != detector || len(m.Masked) != len(m.Fingerprints) {
			continue
		}
		for k, fingerprint := range m.Fingerprints {
			out[fingerprint] = m.Masked[k]
		}
	}
	return out
}

// proposalDiff changes the file that defines the detector: it adds the words to `against`,
// and comments that become an `allow` once somebody puts the values in. Where no file is
// known to define it there is no change.
func proposalDiff(files map[string][]byte, detector string, words []string, values []wrongValue) (file, diff string) {
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(files))) { // a later source wins
		text := string(files[name])
		lines := splitLines(text)
		at := slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "- id: "+detector })
		if at < 0 {
			continue
		}
		indent := strings.Repeat(" ", strings.Index(lines[at], "-")+2)
		end := at + 1
		for end < len(lines) && (lines[end] == "" || strings.HasPrefix(lines[end], indent)) {
			end++
		}
		own := withWords(slices.Clone(lines[at:end]), indent, words)
		own = slices.Insert(own, 1, allowComments(own, indent, values)...)
		return name, unifiedDiff(name, text, strings.Join(slices.Concat(lines[:at], own, lines[end:]), "\n")+"\n")
	}
	return "", ""
}

// withWords adds words to the `against` of a detector's lines, or gives it one.
func withWords(lines []string, indent string, words []string) []string {
	if len(words) == 0 {
		return lines
	}
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = strconv.Quote(w) // true and null are words, too
	}
	against := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, indent+"against:") })
	if against < 0 {
		return slices.Insert(lines, 1, fmt.Sprintf("%sagainst: {words: [%s], within: 40, lower: 2}", indent, strings.Join(list, ", ")))
	}
	for k := against; k < len(lines); k++ {
		if before, after, ok := strings.Cut(lines[k], "words: ["); ok {
			lines[k] = before + "words: [" + strings.Join(list, ", ") + ", " + after
			break
		}
	}
	return lines
}

// allowComments are the beginning of an `allow` for values that are known only masked.
func allowComments(lines []string, indent string, values []wrongValue) []string {
	if len(values) == 0 {
		return nil
	}
	how, open, end := "put them in, and take the # of the next line away.", "allow: {", "}"
	if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, indent+"allow:") }) {
		how, open, end = "put them into the allow below.", "", ""
	}
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = strconv.Quote(v.Masked)
	}
	return []string{
		indent + "# These were never right. The console knows them only masked: " + how,
		indent + "# " + open + "values: [" + strings.Join(list, ", ") + "]" + end,
	}
}
