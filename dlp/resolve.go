package dlp

import (
	"cmp"
	"slices"
	"strings"
)

// resolve leaves one finding where several detectors claim the same bytes: the more
// specific one. A finding gives way only in the profiles that its rival belongs to as
// well, so that what a profile finds does not depend on which others are scanned.
func (s *scan) resolve(all []found) []found {
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b found) int { return stronger(&a, &b) })
	kept := order[:0]
	spans := spanIndex{}
	for _, f := range order {
		f.Profiles = s.members[f.Detector]
		if !f.Rejected {
			s.give(&f, kept, spans.overlapping(f.Start, f.End))
		}
		if !f.Rejected && s.query.Profiles == nil && f.Confidence < s.query.MinConfidence {
			f.reject("below " + s.query.MinConfidence.String() + " confidence")
		}
		if f.twin || f.Rejected && !s.query.Explain {
			continue
		}
		kept = append(kept, f)
		if !f.Rejected {
			spans.add(f.Start, f.End, len(kept)-1)
		}
	}
	return kept
}

// give takes f out of the profiles in which one of the stronger findings takes its place,
// and rejects it when none is left.
func (s *scan) give(f *found, kept []found, rivals []int) {
	for _, i := range rivals {
		rival := &kept[i]
		if !f.yields(rival) {
			continue
		}
		if rival.det == f.det && rival.Start == f.Start && rival.End == f.End {
			f.twin = true // read once more in disguise
			return
		}
		left := f.Profiles[:0:0]
		if rival.det != f.det && s.query.Profiles != nil {
			for _, id := range f.Profiles {
				if !slices.Contains(rival.Profiles, id) {
					left = append(left, id)
				}
			}
		}
		if f.Confidence >= Medium && len(left) < len(f.Profiles) {
			rival.spreadOver(&f.Finding)
		}
		if len(left) == 0 {
			f.reject("gives way to " + rival.Detector)
			return
		}
		f.Profiles = left
	}
}

func (f *found) reject(why string) {
	f.Rejected = true
	f.Evidence = append(slices.Clip(f.Evidence), why)
}

// yields reports whether f stands back for a stronger finding on some of the same bytes.
// Words, documents and classifiers say something else about the bytes than a pattern
// does, and stay; so does another value that the same disguise hides.
func (f *found) yields(rival *found) bool {
	return rival.det == f.det || rival.det.finder == nil && f.det.finder == nil && !f.apart(rival)
}

// stronger orders findings by who wins: those of at least medium confidence, then by
// rank, confidence, later source, length, and id.
func stronger(a, b *found) int {
	return cmp.Or(
		cmp.Compare(weak(a), weak(b)),
		cmp.Compare(a.det.rank, b.det.rank),
		cmp.Compare(b.Confidence, a.Confidence),
		cmp.Compare(b.det.source, a.det.source),
		cmp.Compare(b.End-b.Start, a.End-a.Start),
		cmp.Compare(a.Start, b.Start),
		strings.Compare(a.Detector, b.Detector),
	)
}

func weak(f *found) int {
	switch {
	case f.Rejected:
		return 2
	case f.Confidence < Medium:
		return 1
	}
	return 0
}

// spanIndex finds overlapping spans. Spans are short beside the text, so they are kept
// by the blocks they touch.
type spanIndex map[int64][]indexed

type indexed struct {
	start, end int64
	at         int
}

const spanBlock = 4 << 10

func (x spanIndex) add(start, end int64, at int) {
	for b := start / spanBlock; b <= (end-1)/spanBlock; b++ {
		x[b] = append(x[b], indexed{start, end, at})
	}
}

func (x spanIndex) overlapping(start, end int64) []int {
	var out []int
	for b := start / spanBlock; b <= (end-1)/spanBlock; b++ {
		for _, s := range x[b] {
			if s.start < end && start < s.end {
				out = append(out, s.at)
			}
		}
	}
	return out
}
