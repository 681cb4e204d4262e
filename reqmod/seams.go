package reqmod

import (
	"bytes"
	"slices"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/extract"
)

// A message may come in several parts, which the model reads as one text: what lies around
// their seams is scanned once more as one. A finding within one part was found there already;
// it counts where the words of the part beside it make more of it.

// place is where a finding is.
type place struct {
	detector   string
	text       int
	start, end int64
}

func placeOf(f *dlp.Finding) place { return place{f.Detector, f.Text, f.Start, f.End} }

// join adds what reaches over the parts of messages.
func (c *call) join(r *reading, mac *turnHash) {
	texts := c.doc.Texts
	r.joints = joints(texts)
	unnamed := turnHash{seeds: c.h.history.seeds}
	var first map[turn]int
	for k := range r.joints {
		j, i := &r.joints[k], len(r.texts)
		role := texts[j.pieces[0].text].Role
		copied, known := i, false
		if len(r.joints) > 1 {
			if first == nil {
				first = map[turn]int{}
			}
			same := unnamed.ofJoint(j)
			if before, ok := first[same]; ok && r.texts[before].Role == string(role) {
				copied = before
			} else {
				first[same] = i
			}
		}
		if mac != nil {
			r.turns = append(r.turns, mac.ofJoint(j))
			known = replayed(role) && c.h.history.knows(r.turns[i])
		}
		r.texts = append(r.texts, dlp.Text{Part: texts[j.pieces[0].text].Path, Role: string(role), Reader: j, Size: j.size()})
		r.copies, r.skip = append(r.copies, copied), append(r.skip, copied != i || known)
	}
}

// joint returns what a text of the reading joins, nil for one of the document.
func (c *call) joint(text int) *joint {
	if text < len(c.doc.Texts) {
		return nil
	}
	return &c.reading.joints[text-len(c.doc.Texts)]
}

// overSeams returns the findings of a scan with what those around seams add to the others.
func (c *call) overSeams(findings []dlp.Finding) []dlp.Finding {
	n := slices.IndexFunc(findings, func(f dlp.Finding) bool { return c.joint(f.Text) != nil })
	if n < 0 {
		return findings
	}
	own, around := findings[:n:n], findings[n:]
	index := make(map[place]int, len(own))
	for i := range own {
		index[placeOf(&own[i])] = i
	}
	both := map[place]bool{} // seen around a seam, too
	var more []dlp.Finding
	for _, f := range around {
		j := c.joint(f.Text)
		at := j.index(f.Start)
		p := &j.pieces[at]
		f.Start = max(f.Start, p.at) // of a blank between
		if f.End > p.end() {
			f.Part = c.doc.Texts[p.text].Path
			more = append(more, f)
			continue
		}
		text := c.reading.copies[p.text]
		near := j.besides(at, f.Start, f.End)
		f = f.Moved(text, p.from-p.at)
		f.Part = c.doc.Texts[text].Path
		both[placeOf(&f)] = true
		if !near || c.reading.skip[text] { // one that is known was allowed as it is
			continue
		}
		if i, ok := index[placeOf(&f)]; ok {
			if f.Confidence > own[i].Confidence {
				own[i].Confidence, own[i].Evidence = f.Confidence, f.Evidence
			}
		} else if f.Confidence >= dlp.Medium && !claimed(own, &f) {
			index[placeOf(&f)] = -1
			more = append(more, f)
		}
	}
	return append(c.giveWay(own, more, both), more...)
}

// claimed reports whether a finding of the same detector lies on some of the bytes; own are
// ordered by text.
func claimed(own []dlp.Finding, f *dlp.Finding) bool {
	i, _ := slices.BinarySearchFunc(own, f.Text, func(o dlp.Finding, text int) int { return o.Text - text })
	for ; i < len(own) && own[i].Text == f.Text; i++ {
		if own[i].Detector == f.Detector && own[i].Start < f.End && f.Start < own[i].End {
			return true
		}
	}
	return false
}

// giveWay drops the findings of parts that lie within a new one and are none any more once
// both sides of the seam are seen.
func (c *call) giveWay(own, more []dlp.Finding, both map[place]bool) []dlp.Finding {
	taken := map[int][]extract.Cut{}
	for i := range more {
		for _, cut := range c.cuts(&more[i]) {
			text := c.reading.copies[cut.Text]
			taken[text] = append(taken[text], cut)
		}
	}
	return slices.DeleteFunc(own, func(f dlp.Finding) bool {
		return !both[placeOf(&f)] && slices.ContainsFunc(taken[f.Text], func(cut extract.Cut) bool {
			return int64(cut.Start) <= f.Start && f.End <= int64(cut.End)
		})
	})
}

// cuts returns where in the document a finding is: one place in each part that it reaches over.
func (c *call) cuts(f *dlp.Finding) []extract.Cut {
	if j := c.joint(f.Text); j != nil {
		return j.cuts(f.Start, f.End)
	}
	return []extract.Cut{{Text: f.Text, Start: int(f.Start), End: int(f.End)}}
}

// located returns findings at their places in the document: one that reaches over several parts
// begins in the first of them, and its end counts on from there.
func (c *call) located(findings []dlp.Finding) []dlp.Finding {
	list := slices.Clone(findings)
	for i := range list {
		f := &list[i]
		if j := c.joint(f.Text); j != nil {
			p := &j.pieces[j.index(f.Start)]
			*f = f.Moved(p.text, p.from-p.at)
		}
		if f.Line == 0 {
			before := c.doc.Texts[f.Text].Data[:f.Start]
			f.Line, f.Column = 1+bytes.Count(before, []byte{'\n'}), len(before)-bytes.LastIndexByte(before, '\n')
		}
	}
	return list
}
