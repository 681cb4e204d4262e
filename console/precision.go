package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// precisionData is how often detectors were right, and what would make them better.
type precisionData struct {
	Window    window
	Periods   []choice
	Rows      []precisionRow
	Reviewed  int64
	Precision float64
	Without   []string // detectors whose false positives have nothing in common
}

type precisionRow struct {
	store.Precision
	Name     string
	Percent  string
	Class    string
	Total    int64
	Proposal *proposal
}

// proposal is a change to a detector that the false positives speak for.
type proposal struct {
	Words   []string
	Diff    []playPiece
	File    string // in which the detector is defined
	Against int    // false positives that hold one of the words
	Kept    int    // right findings that hold one, and would be weakened too
}

func (s *Server) precision(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx := r.Context()
	sp := windowOf(r.URL.Query(), "90d", s.now())
	list, err := s.o.Store.Precisions(ctx, sp.Period)
	if err != nil {
		return err
	}
	d := &precisionData{Window: sp, Periods: sp.periods(r.URL.Query())}
	files, _, err := s.playSources()
	if err != nil {
		return err
	}
	var right int64
	for _, p := range list {
		row := precisionRow{Precision: p, Name: s.detectorName(p.Detector), Total: p.Confirmed + p.Accepted + p.FalsePositive, Percent: percent(100 * p.Precision)}
		row.Class = "k-good"
		if p.Precision < 0.9 {
			row.Class = "k-warn"
		}
		if p.Precision < 0.6 {
			row.Class = "k-bad"
		}
		if p.FalsePositive > 0 {
			row.Proposal, err = cached(ctx, s, "proposal "+p.Detector, func(ctx context.Context) (*proposal, error) {
				return s.propose(ctx, p.Detector, files)
			})
			if err != nil {
				return err
			}
			if len(row.Proposal.Words) == 0 {
				d.Without = append(d.Without, row.Name)
			}
		}
		d.Reviewed += row.Total
		right += p.Confirmed + p.Accepted
		d.Rows = append(d.Rows, row)
	}
	if d.Reviewed > 0 {
		d.Precision = 100 * float64(right) / float64(d.Reviewed)
	}
	return s.render(w, r, v, "precision", page{Title: "Precision", Nav: "precision", Data: d})
}

// How many events a proposal is drawn from, and what a word needs.
const (
	proposalEvents = 100
	proposalWords  = 5
	proposalLeast  = 2 // false positives a word must be in
)

// propose looks for words that stand near false positives of a detector and not near its
// right findings. Excerpts are masked, so no value can end up in a rule.
func (s *Server) propose(ctx context.Context, detector string, files map[string][]byte) (*proposal, error) {
	counts := map[string][2]int{} // in false positives, in right findings
	var wrong, good []map[string]bool
	for i, state := range []store.ReviewState{store.ReviewFalsePositive, store.ReviewConfirmed, store.ReviewAccepted} {
		list, err := s.o.Store.ReviewedEvents(ctx, detector, state, proposalEvents)
		if err != nil {
			return nil, err
		}
		for k := range list {
			words := nearWords(&list[k], detector)
			at := 0
			if i > 0 {
				at = 1
				good = append(good, words)
			} else {
				wrong = append(wrong, words)
			}
			for w := range words {
				c := counts[w]
				c[at]++
				counts[w] = c
			}
		}
	}
	var words []string
	for w, c := range counts {
		if c[0] >= proposalLeast && c[1]*4 < c[0] {
			words = append(words, w)
		}
	}
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b][0]-counts[b][1], counts[a][0]-counts[a][1]), strings.Compare(a, b))
	})
	words = words[:min(len(words), proposalWords)]
	if len(words) == 0 {
		return &proposal{}, nil
	}
	p := &proposal{Words: words}
	for _, x := range wrong {
		if holdsAny(x, words) {
			p.Against++
		}
	}
	for _, x := range good {
		if holdsAny(x, words) {
			p.Kept++
		}
	}
	diff := ""
	p.File, diff = againstDiff(files, detector, words)
	p.Diff = shownDiff(diff)
	return p, nil
}

func holdsAny(in map[string]bool, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return in[w] })
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

// againstDiff adds the words to the detector's definition: to its `against`, or as a new
// one. Where the file is not known it is a definition to begin with.
func againstDiff(files map[string][]byte, detector string, words []string) (file, diff string) {
	list := strings.Join(words, ", ")
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range slices.Backward(names) { // a later source wins
		text := string(files[name])
		lines := splitLines(text)
		at := slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "- id: "+detector })
		if at < 0 {
			continue
		}
		indent := strings.Repeat(" ", strings.Index(lines[at], "-")+2)
		end := at + 1
		against := -1
		for end < len(lines) && (lines[end] == "" || strings.HasPrefix(lines[end], indent)) {
			if strings.HasPrefix(lines[end], indent+"against:") {
				against = end
			}
			end++
		}
		changed := slices.Clone(lines)
		switch {
		case against < 0:
			changed = slices.Insert(changed, at+1, fmt.Sprintf("%sagainst: {words: [%s], within: 40, lower: 2}", indent, list))
		default:
			for k := against; k < end; k++ {
				if i := strings.Index(changed[k], "words: ["); i >= 0 {
					i += len("words: [")
					changed[k] = changed[k][:i] + list + ", " + changed[k][i:]
					break
				}
			}
		}
		return name, unifiedDiff(name, text, strings.Join(changed, "\n")+"\n")
	}
	return "", ""
}
