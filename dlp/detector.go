package dlp

import (
	"regexp"

	"github.com/sluice-dlp/sluice/dlp/internal/check"
)

// rank settles which of two overlapping findings stays: the more specific one.
type rank uint8

// Ranks, strongest first.
const (
	specific rank = iota // a fixed prefix or check digits: hardly anything else looks so
	ordinary
	generic // says "some secret", where another detector may know which
)

var rankNames = []string{"specific", "ordinary", "generic"}

// detector is one entry of a YAML file after parsing; immutable from then on.
type detector struct {
	id, name  string
	tags      []string
	severity  Severity
	rank      rank
	keywords  []string // lower case; without one of them in the text no pattern counts
	patterns  []*pattern
	validate  []check.Validator
	context   *hints
	against   *hints
	allow     allowance
	finder    finder // instead of patterns: word lists and the like
	reference string
	match     []sample
	clean     []sample

	file   string
	line   int
	source int  // later sources override earlier ones
	broken bool // a mistake in what decides what it finds
}

// hints are words whose nearness changes a candidate's confidence.
type hints struct {
	words  []hint
	before int // bytes in front of the value that are looked at
	after  int
	step   int // how many levels of confidence

	first   [256]uint8 // by the first byte of a word, folded: its bucket; 0: none
	buckets [][]int    // of words
	begins  beginnings
	digits  bool // a word begins with a digit
}

// allowance names what is never a finding.
type allowance struct {
	values   map[string]bool // canonical
	shortest int             // of them
	around   []*regexp.Regexp
}

// sample is one in-file test.
type sample struct {
	text       string
	value      string     // what must be found, when given
	confidence Confidence // match: found with at least this; clean: nothing with at least this
	line       int
}

// profile is a named choice of detectors with a trigger.
type profile struct {
	id, name  string
	uses      []use
	trigger   trigger
	detectors map[string]int // id -> findings of it needed before they count towards the trigger

	file   string
	line   int
	source int
}

// use names one detector, or all with a tag.
type use struct {
	id, tag string
	count   int
	line    int
}

// trigger says when a profile's findings matter.
type trigger struct {
	confidence Confidence
	count      int
	distinct   int // different detectors …
	within     int // … no further apart than this many bytes
}

func (d *detector) hasTag(tag string) bool {
	for _, t := range d.tags {
		if t == tag {
			return true
		}
	}
	return false
}

// secret reports that nothing of a value may be shown.
func (d *detector) secret() bool { return d.hasTag("secret") || d.hasTag("credentials") }

// passages reports that a finding is a stretch of text and not one value.
func (d *detector) passages() bool {
	switch d.finder.(type) {
	case documents, sourceCode:
		return true
	}
	return false
}
