package dlp

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
)

// scan is the state of one Scan.
type scan struct {
	ctx     context.Context
	e       *Engine
	query   Query
	report  Report
	*selection

	scratch []byte
	place   place
	found   []found // in the current text
}

// found is a finding before overlaps are settled.
type found struct {
	Finding
	det *detector
}

func (e *Engine) newScan(ctx context.Context, q Query) *scan {
	if q.MinConfidence == 0 {
		q.MinConfidence = Medium
	}
	return &scan{ctx: ctx, e: e, query: q, report: Report{Complete: true}, selection: e.selection(q.Profiles)}
}

// stop notes which limit ended the scan.
func (s *scan) stop(limit string) {
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
		if !s.report.Complete {
			break
		}
	}
	s.settle(index, t)
	return s.report.Complete
}

// window finds what starts in the owned part of one window.
func (s *scan) window(w window) {
	first := len(s.found)
	var lower []byte
	keyword := map[*detector]bool{}
	err := s.e.matcher.match(s.ctx, w.data, s.want, func(id, start, end int) {
		d, p := s.e.detectors[s.e.owner[id]], s.e.patterns[id]
		if len(d.keywords) > 0 {
			has, asked := keyword[d]
			if !asked {
				if lower == nil {
					lower = bytes.ToLower(w.data)
				}
				has = d.hasKeyword(lower)
				keyword[d] = has
			}
			if !has {
				return
			}
		}
		s.take(w, d.judge(p, w.data, start, end, &s.scratch))
	})
	for i, f := range s.e.finders {
		d := s.e.detectors[i]
		if f == nil || err != nil || s.members[d.id] == nil {
			continue
		}
		f.find(w.data, func(start, end int, c Confidence, evidence string) {
			found := candidate{det: d, start: start, end: end, confidence: int(c), evidence: []string{evidence}}
			if why := d.allow.covers(string(w.data[start:end]), w.data, start, end); why != "" {
				found.reject("%s", why)
			} else {
				found = d.weigh(found, false, w.data, &s.scratch)
			}
			s.take(w, found)
		})
		err = s.ctx.Err()
	}
	switch {
	case s.ctx.Err() != nil:
		s.stop("deadline")
	case err != nil:
		s.stop("engine")
	}
	s.locate(w, s.found[first:])
}

// take turns a candidate that the window owns into a finding.
func (s *scan) take(w window, c candidate) {
	if c.start < w.from || c.start >= w.to || c.rejected() && !s.query.Explain {
		return
	}
	if len(s.found)+len(s.report.Findings) >= s.e.options.MaxFindings {
		s.stop("findings")
		return
	}
	d, value := c.det, w.data[c.start:c.end]
	s.found = append(s.found, found{det: d, Finding: Finding{
		Detector: d.id, Severity: d.severity, Confidence: Confidence(max(c.confidence, 0)),
		Start: w.base + int64(c.start), End: w.base + int64(c.end),
		Masked: d.mask(value), Fingerprint: s.e.fingerprint(value),
		Evidence: c.evidence, Rejected: c.rejected(),
	}})
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
	slices.SortStableFunc(fs, func(a, b found) int { return cmp.Compare(a.Start, b.Start) })
	for i := range fs {
		s.place.advance(w.data, w.base, fs[i].Start)
		fs[i].Line, fs[i].Column = s.place.line, int(fs[i].Start-s.place.lineStart)+1
	}
	s.place.advance(w.data, w.base, w.base+int64(w.to))
}

// settle resolves overlaps and adds the text's findings to the report.
func (s *scan) settle(index int, t *Text) {
	kept := s.resolve(s.found)
	slices.SortStableFunc(kept, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), strings.Compare(a.Detector, b.Detector), cmp.Compare(a.End, b.End))
	})
	for _, f := range kept {
		f.Text, f.Part, f.Role = index, t.Part, t.Role
		s.report.Findings = append(s.report.Findings, f.Finding)
	}
}
