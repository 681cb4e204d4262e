package dlp

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// finder finds without patterns: word lists, exact data, documents, classifiers.
// Implementations are immutable.
type finder interface {
	// find reports the places in text. What it needs of the engine's key it got in keyed.
	find(text []byte, hit func(start, end int, c Confidence, evidence string))
}

// keyed is a finder that needs a secret before it can find.
type keyed interface {
	withKey(key []byte) (finder, error)
}

// words reads a word list, inline or from a file with one word a line.
func (r *reader) words(n *yaml.Node, open func(string) ([]byte, error)) finder {
	opts, file, list := wordOptions{confidence: High}, (*yaml.Node)(nil), []string(nil)
	given := 0
	if !r.fields(n, "words", map[string]func(*yaml.Node){
		"file":        func(n *yaml.Node) { given++; file = n },
		"list":        func(n *yaml.Node) { given++; list = r.texts(n, "words.list") },
		"ignore_case": func(n *yaml.Node) { opts.ignoreCase = r.flag(n, "ignore_case") },
		"whole_word":  func(n *yaml.Node) { opts.wholeWord = r.flag(n, "whole_word") },
		"confidence": func(n *yaml.Node) {
			opts.confidence = Confidence(r.choice(n, "confidence", confidenceNames[1:]...) + 1)
		},
	}) {
		return nil
	}
	if given != 1 {
		r.fault(n, "words has either a file or a list")
		return nil
	}
	if file != nil {
		data, ok := r.named(file, "words.file", open)
		if !ok {
			return nil
		}
		list, opts.named = wordLines(string(data)), true
	}
	if len(list) > maxWords {
		r.fault(n, "words has %d entries; the limit is %d", len(list), maxWords)
		return nil
	}
	return newWordList(list, opts)
}

// named reads the file that a field names, relative to the YAML file.
func (r *reader) named(n *yaml.Node, what string, open func(string) ([]byte, error)) ([]byte, bool) {
	name := r.text(n, what)
	if name == "" {
		return nil, false
	}
	data, err := open(name)
	if err != nil {
		r.fault(n, "%s: %v; files are relative to this one", what, err)
		return nil, false
	}
	return data, true
}

// wordLines splits a word file: one word a line, empty lines and # comments left out.
func wordLines(data string) []string {
	var out []string
	for line := range strings.Lines(strings.TrimPrefix(data, "\ufeff")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}
