package dlp

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
)

// scan is the state of one Scan. Scans are pooled.
type scan struct {
	ctx    context.Context //nolint:containedctx // a scan lives no longer than its call
	e      *Engine
	query  Query
	report Report
	ended  bool
	*selection
	own *narrowed // the selection's own matcher, if it has one

	reading
	around nearby
	place  place
	found  []found // in the current text
	counts [2]int  // of found and report.Findings: those that decide something, and idle ones
}

// found is a finding before overlaps are settled.
type found struct {
	Finding
	det     *detector
	pattern int  // of those that match at one place, the first is reported
	twin    bool // the same as a stronger one

	layer    int // the disguise that it was read in; 0: none
	from, to int // where in what that one hides
}

// apart reports that two findings lie beside each other in one disguise, where the text
// has one span for both.
func (f *found) apart(g *found) bool {
	return f.layer != 0 && f.layer == g.layer && (f.to <= g.from || g.to <= f.from)
}

func (e *Engine) newScan(ctx context.Context, q Query) *scan {
	if q.MinConfidence == 0 {
		q.MinConfidence = Medium
	}
	s, ok := e.scans.Get().(*scan)
	if !ok {
		s = &scan{e: e}
		s.reading.init(s)
	}
	s.ctx, s.query, s.selection, s.ended, s.counts = ctx, q, e.selection(q.Profiles), false, [2]int{}
	s.own = s.selection.narrow.Load()
	s.report = Report{Complete: true}
	return s
}

// maxKept bounds what a pooled scan keeps of the one before.
const maxKept = 1024

// release gives the scan back and returns its report.
func (s *scan) release() Report {
	report := s.report
	s.e.used(s.selection, int(s.report.Bytes))
	s.ctx, s.query, s.selection, s.own, s.report = nil, Query{}, nil, nil, Report{}
	clear(s.found)
	if cap(s.found) > maxKept {
		s.found = nil
	}
	s.reading.forget()
	s.e.scans.Put(s)
	return report
}

// stop notes which limit ended the scan.
func (s *scan) stop(limit string) {
	s.miss(limit)
	s.ended = true
}

// miss notes which limit left something unread.
func (s *scan) miss(limit string) {
	if s.report.Complete {
		s.report.Complete, s.report.Limit = false, limit
	}
}

// text scans one text and reports whether the scan may go on.
func (s *scan) text(index int, t *Text) bool {
	s.found = s.found[:0]
	s.place = place{line: 1}
	for w, ok := range windows(t) {
		if !ok {
			s.stop("read")
			break
		}
		s.window(w)
		s.report.Bytes += int64(w.to - w.from)
		if s.ended {
			break
		}
	}
	s.settle(index, t)
	return !s.ended
}

// window finds what starts in the owned part of one window.
func (s *scan) window(w window) {
	first := len(s.found)
	s.w, s.budget = w, decodedPerByte*len(w.data)+decodedFree
	s.read(w.data, nil)
	s.w.data = nil
	s.locate(w, s.found[first:])
}

// take turns a candidate that the window owns into a finding.
func (s *scan) take(c *candidate) {
	idle := s.idles(c.det, Confidence(max(c.confidence, 0)))
	if idle && !s.keepsIdle(c) {
		return
	}
	value := s.data[c.start:c.end]
	start, end, how, ok := s.layer.source(c.start, c.end)
	if !ok || start < s.w.from || start >= s.w.to {
		return
	}
	if !idle && s.counts[0] >= s.e.options.MaxFindings {
		s.stop("findings")
		return
	}
	d := c.det
	evidence := c.evidence
	if len(evidence) == 0 {
		evidence = []string{"pattern"} // nothing but its shape speaks for it
	}
	if how != "" {
		evidence = append(slices.Clip(evidence), "decoded from "+how)
	}
	layer := 0
	if s.layer != nil {
		layer = s.layer.id
	}
	s.found = append(s.found, found{det: d, pattern: c.pattern, layer: layer, from: c.start, to: c.end, Finding: Finding{
		Detector: d.id, Severity: d.severity, Confidence: Confidence(max(c.confidence, 0)),
		Start: s.w.base + int64(start), End: s.w.base + int64(end),
		Masked: d.mask(value), Fingerprint: s.e.fingerprint(value),
		Evidence: evidence, Rejected: c.rejected(),
	}})
	s.count(&s.found[len(s.found)-1], 1)
}

// count adds n to the number of findings of f's kind.
func (s *scan) count(f *found, n int) {
	if f.Rejected || s.idles(f.det, f.Confidence) {
		s.counts[1] += n
		return
	}
	s.counts[0] += n
}

// idles reports a candidate that decides nothing: turned down, or of low confidence where no
// profile of the query triggers on that. Candidates of medium confidence may decide overlaps.
func (s *scan) idles(d *detector, confidence Confidence) bool {
	switch {
	case confidence < Low:
		return true
	case confidence >= Medium:
		return false
	case s.query.Profiles == nil:
		return s.query.MinConfidence > Low
	}
	return !s.low[d.id]
}

// keepsIdle reports whether an idle candidate is worth showing. Hostile texts are full of them,
// so a scan shows no more of them than it shows findings, and goes on.
func (s *scan) keepsIdle(c *candidate) bool {
	if s.counts[1] >= s.e.options.MaxFindings {
		return false
	}
	return s.query.Explain || s.query.Profiles != nil && !c.rejected()
}

// place follows the line breaks of a text from finding to finding.
type place struct {
	at        int64 // all before it is counted
	line      int
	lineStart int64
}

// advance counts the line breaks up to offset to, which data[:] holds from offset base on.
func (p *place) advance(data []byte, base, to int64) {
	passed := data[p.at-base : to-base]
	if n := bytes.Count(passed, []byte{'\n'}); n > 0 {
		p.line += n
		p.lineStart = p.at + int64(bytes.LastIndexByte(passed, '\n')) + 1
	}
	p.at = to
}

// locate sets line and column of a window's findings.
func (s *scan) locate(w window, fs []found) {
	slices.SortStableFunc(fs, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.pattern, b.pattern))
	})
	for i := range fs {
		s.place.advance(w.data, w.base, fs[i].Start)
		fs[i].Line, fs[i].Column = s.place.line, int(fs[i].Start-s.place.lineStart)+1
	}
	s.place.advance(w.data, w.base, w.base+int64(w.to))
}

// settle resolves overlaps and adds the text's findings to the report.
func (s *scan) settle(index int, t *Text) {
	if len(s.found) == 0 {
		return
	}
	kept := s.resolve(s.found)
	for i := range s.found {
		s.count(&s.found[i], -1)
	}
	slices.SortStableFunc(kept, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), strings.Compare(a.Detector, b.Detector), cmp.Compare(a.End, b.End))
	})
	for _, f := range kept {
		s.count(&f, 1)
		f.Text, f.Part, f.Role = index, t.Part, t.Role
		s.report.Findings = append(s.report.Findings, f.Finding)
	}
}
