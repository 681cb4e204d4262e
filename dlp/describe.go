package dlp

import (
	"maps"
	"slices"

	"github.com/sluice-dlp/sluice/dlp/internal/check"
)

// Detector describes one loaded detector.
type Detector struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Tags       []string  `json:"tags"`
	Severity   Severity  `json:"severity"`
	Kind       string    `json:"kind"` // patterns, words, exact, fingerprint or classifier
	Patterns   []Pattern `json:"patterns,omitempty"`
	Validators []string  `json:"validators,omitempty"`
	Context    []string  `json:"context,omitempty"` // words that raise the confidence
	Against    []string  `json:"against,omitempty"` // words that lower it
	Reference  string    `json:"reference,omitempty"`
	Match      int       `json:"match"` // tests that must be found
	Clean      int       `json:"clean"` // tests that must not
	Profiles   []string  `json:"profiles"`
	File       string    `json:"file"`
	Line       int       `json:"line"`

	Source int `json:"-"` // index of the file system given to Load
}

// Pattern describes one pattern of a detector.
type Pattern struct {
	RE         string     `json:"re"`
	Confidence Confidence `json:"confidence"`
	Needs      string     `json:"needs,omitempty"` // context
	Validators []string   `json:"validators,omitempty"`
}

// Detectors describes all detectors, sorted by id.
func (r *Rules) Detectors() []Detector {
	out := make([]Detector, len(r.detectors))
	for i, d := range r.detectors {
		out[i] = Detector{
			ID: d.id, Name: d.name, Tags: slices.Concat([]string{}, d.tags), Severity: d.severity, Kind: d.kind(),
			Validators: names(d.validate), Context: d.context.list(), Against: d.against.list(), Reference: d.reference,
			Match: len(d.match), Clean: len(d.clean), Profiles: []string{}, File: d.file, Line: d.line, Source: d.source,
		}
		for _, p := range d.patterns {
			shown := Pattern{RE: p.re, Confidence: p.confidence, Validators: names(p.validate)}
			if p.needsContext {
				shown.Needs = "context"
			}
			out[i].Patterns = append(out[i].Patterns, shown)
		}
		for _, p := range r.profiles {
			if p.detectors[d.id] > 0 {
				out[i].Profiles = append(out[i].Profiles, p.id)
			}
		}
	}
	return out
}

// Profiles describes all profiles, sorted by id.
func (r *Rules) Profiles() []Profile { return describeProfiles(r.profiles) }

func describeProfiles(list []*profile) []Profile {
	out := make([]Profile, len(list))
	for i, p := range list {
		out[i] = Profile{ID: p.id, Name: p.name, Detectors: slices.Sorted(maps.Keys(p.detectors))}
	}
	return out
}

// kind names what a detector finds with.
func (d *detector) kind() string {
	switch d.finder.(type) {
	case *wordList:
		return "words"
	case exactData:
		return "exact"
	case documents:
		return "fingerprint"
	case sourceCode:
		return "classifier"
	}
	return "patterns"
}

func (h *hints) list() []string {
	if h == nil {
		return nil
	}
	out := make([]string, len(h.words))
	for i := range h.words {
		out[i] = h.words[i].word
	}
	return out
}

func names(list []check.Validator) []string {
	var out []string
	for i := range list {
		out = append(out, list[i].Name)
	}
	return out
}

// Validator describes a built-in validator.
type Validator struct {
	Name  string `json:"name"`
	About string `json:"about"` // the rule in a few words
}

// Validators returns what validate: can name, sorted.
func Validators() []Validator {
	all := check.All()
	out := make([]Validator, len(all))
	for i := range all {
		out[i] = Validator{all[i].Name, all[i].About}
	}
	return out
}
