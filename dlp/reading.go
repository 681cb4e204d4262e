package dlp

import (
	"bytes"

	"github.com/sluice-dlp/sluice/dlp/internal/disguise"
)

// Bounds of what is decoded, so that hostile text cannot buy more work than its length.
const (
	decodedPerByte = 4         // bytes read in all disguises of a window, for each of its own
	decodedFree    = 256 << 10 // and in addition
	maxDepth       = 4         // disguises within each other
)

// reading is the state of reading one window: as it is, then what its disguises hide.
type reading struct {
	w       window
	budget  int // bytes that may still be decoded
	data    []byte
	layer   *layer
	lower   []byte // data in lower case, when a keyword was asked for
	keyword map[*detector]bool
	hit     func(pattern, start, end int) bool
	layers  int // so far
}

// layer is a view of the data above, or of the window itself.
type layer struct {
	view *disguise.View
	up   *layer
	deep int
	id   int // of the layers of one scan, from 1
}

// source maps a place in the layer's data to the window; how names the disguises. Ok is
// false when the place was not in disguise.
func (l *layer) source(start, end int) (from, to int, how string, ok bool) {
	for inner := l; l != nil; l = l.up {
		var kinds disguise.Kind
		if start, end, kinds, ok = l.view.Source(start, end); !ok || kinds == 0 && l == inner {
			return 0, 0, "", false
		}
		if names := kinds.String(); how == "" {
			how = names
		} else if names != "" {
			how = names + ", " + how
		}
	}
	return start, end, how, true
}

func (r *reading) init(s *scan) {
	r.keyword = map[*detector]bool{}
	r.hit = s.matched
}

// forget drops what belongs to the caller.
func (r *reading) forget() {
	r.w, r.data, r.layer = window{}, nil, nil
	if cap(r.lower) > windowSize {
		r.lower = nil
	}
}

// read finds what is in data, and in what data has in disguise.
func (s *scan) read(data []byte, l *layer) {
	s.data, s.layer, s.lower = data, l, s.lower[:0]
	clear(s.keyword)
	s.around.forget()
	err := s.match(data)
	if err == nil {
		s.search(data, l)
	}
	switch {
	case s.ctx.Err() != nil:
		s.stop("deadline")
	case err != nil:
		s.stop("engine")
	}
	if !s.ended {
		s.unmask(data, l)
	}
}

// matched takes a match of a pattern.
func (s *scan) matched(id, start, end int) bool {
	if s.own != nil {
		id = s.own.of[id]
	}
	d := s.e.detectors[s.e.owner[id]]
	c := candidate{det: d, explain: s.query.Explain, pattern: id}
	if len(d.keywords) > 0 && !s.hasKeyword(d) {
		if c.explain {
			c.start, c.end = start, end
			c.reject("no keyword in the text")
			s.take(&c)
		}
		return !s.ended
	}
	d.judge(&c, s.e.patterns[id], s.data, start, end, &s.around)
	s.take(&c)
	return !s.ended
}

// hasKeyword reports whether the data holds one of the detector's keywords.
func (s *scan) hasKeyword(d *detector) bool {
	has, asked := s.keyword[d]
	if !asked {
		if len(s.lower) == 0 {
			s.lower = bytes.ToLower(s.data)
		}
		has = d.hasKeyword(s.lower)
		s.keyword[d] = has
	}
	return has
}

// search asks the detectors that have no patterns.
func (s *scan) search(data []byte, l *layer) {
	for _, i := range s.finders {
		d := s.e.detectors[i]
		if _, whole := s.e.finders[i].(sourceCode); whole && l != nil && l.view.Pieces() {
			continue // escapes cut code to pieces that look like something else
		}
		s.e.finders[i].find(data, func(start, end int, confidence Confidence, evidence string) {
			c := candidate{det: d, explain: s.query.Explain, start: start, end: end, confidence: int(confidence), evidence: []string{evidence}}
			if why := d.allow.covers(data, start, end); why != "" {
				c.reject(why)
			} else {
				d.weigh(&c, false, data, &s.around)
			}
			s.take(&c)
		})
		if s.ended || s.ctx.Err() != nil {
			return
		}
	}
}

// unmask reads what data has in disguise.
func (s *scan) unmask(data []byte, l *layer) {
	signs := disguise.Look(data)
	if !signs.Characters && !signs.Blobs {
		return
	}
	depth := 0
	var inside *disguise.View
	if l != nil {
		depth, inside = l.deep, l.view
	}
	if depth >= maxDepth {
		return
	}
	if signs.Characters {
		s.readView(disguise.Mend(data, inside), l, depth)
	}
	if signs.Blobs && !s.ended {
		before := s.budget
		v := disguise.Decode(data, inside, l == nil && s.w.base > 0, &s.budget)
		if s.budget <= 0 {
			s.miss("decoding")
		}
		if v != nil {
			s.budget += min(before-s.budget, len(v.Text)) // readView takes it
		}
		s.readView(v, l, depth)
	}
}

func (s *scan) readView(v *disguise.View, up *layer, depth int) {
	if v == nil {
		return
	}
	if s.budget -= len(v.Text); s.budget < 0 {
		s.miss("decoding")
		return
	}
	s.layers++
	s.read(v.Text, &layer{view: v, up: up, deep: depth + 1, id: s.layers})
}
