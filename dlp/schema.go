package dlp

import (
	"encoding/json"
	"fmt"

	"github.com/sluice-dlp/sluice/dlp/internal/check"
)

// node is a piece of JSON Schema.
type node map[string]any

// Schema returns the JSON Schema (draft 2020-12) of profile files, for editors. It knows
// the same fields and names as [Load]; what Load knows beyond, such as whether a pattern
// compiles and a test holds, `sluice profiles lint` tells.
func Schema() ([]byte, error) {
	root := object(node{
		"detectors": list(node{"$ref": "#/$defs/detector"}, "What to look for."),
		"profiles":  list(node{"$ref": "#/$defs/profile"}, "Which detectors belong together, and when their findings matter."),
	})
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Sluice detectors and profiles"
	root["$defs"] = node{
		"detector": detectorSchema(), "pattern": patternSchema(), "profile": profileSchema(),
		"sample": sampleSchema(),
	}
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("dlp: write the schema: %w", err)
	}
	return append(out, '\n'), nil
}

func object(fields node, required ...string) node {
	n := node{"type": "object", "additionalProperties": false, "properties": fields}
	if required != nil {
		n["required"] = required
	}
	return n
}

func (n node) about(text string) node {
	n["description"] = text
	return n
}

func list(items node, about string) node {
	return node{"type": "array", "items": items}.about(about)
}

func text() node { return node{"type": "string", "minLength": 1} }

// texts is a list of strings; one string is a list of one.
func texts(items node) node {
	return node{"anyOf": []any{items, node{"type": "array", "items": items}}}
}

func choice(names ...string) node { return node{"enum": names} }

func whole(lowest, highest int) node {
	return node{"type": "integer", "minimum": lowest, "maximum": highest}
}

func id() node { return node{"type": "string", "pattern": validID.String(), "maxLength": 64} }

func confidence() node { return choice(confidenceNames[1:]...) }

func detectorSchema() node {
	n := object(node{
		"id":       id().about("Stable name; the findings and policies use it."),
		"name":     text().about("What people read."),
		"tags":     texts(text()).about("For profiles that use all detectors with a tag. With secret or credentials nothing of a value is shown."),
		"severity": choice(severityNames[1:]...).about("What a finding means to the owner of the data; default medium."),
		"rank":     choice(rankNames...).about("Who stays where findings overlap: specific before ordinary before generic."),
		"keywords": texts(text()).about("Without one of these in the text, in any case, no pattern counts."),
		"patterns": list(node{"$ref": "#/$defs/pattern"}, "RE2 expressions; word boundaries are implicit. The first group that takes part is the value."),
		"validate": texts(choice(check.Names()...)).about("Built-in checks that a value must pass."),
		"context":  hintsSchema("raise").about("Words whose nearness raises the confidence."),
		"against":  hintsSchema("lower").about("Words whose nearness lowers the confidence."),
		"allow": object(node{
			"values": texts(text()).about("Values that are never findings; spaces, dots and dashes do not count."),
			"around": texts(text()).about("Expressions; a value is no finding where one matches around it on its line."),
		}).about("What is never a finding."),
		"words": object(node{
			"file":        text().about("One word or phrase a line, relative to this file; # begins a comment."),
			"list":        texts(text()).about("The words themselves."),
			"ignore_case": node{"type": "boolean"}, "whole_word": node{"type": "boolean"}, "confidence": confidence(),
		}).about("A word list."),
		"exact": object(node{
			"file": text().about("Made with sluice profiles edm build."), "columns": list(text(), "Columns that count; default all."),
			"require": whole(1, 64).about("How many columns of one row; default 2."), "within": whole(1, 1<<16).about("Bytes they are apart at most; default 200."),
		}, "file").about("Exact data match: rows of a registered table."),
		"fingerprint": object(node{
			"file":       text().about("Made with sluice profiles fingerprint add."),
			"similarity": node{"type": "number", "exclusiveMinimum": 0, "maximum": 1}.about("Share of a document from which on a copy counts; default 0.3."),
		}, "file").about("Partial copies of registered documents."),
		"classifier": choice(classifiers...).about("A built-in classifier."),
		"reference":  text().about("Where the rule is published."),
		"tests": object(node{
			"match": list(node{"$ref": "#/$defs/sample"}, "Texts in which it must find something."),
			"clean": list(node{"$ref": "#/$defs/sample"}, "Texts in which it must find nothing."),
		}).about("Tests that run whenever the file is loaded."),
	}, "id")
	n["anyOf"] = []any{
		node{"required": []string{"patterns"}},
		node{"required": []string{"words"}},
		node{"required": []string{"exact"}},
		node{"required": []string{"fingerprint"}},
		node{"required": []string{"classifier"}},
	}
	return n
}

func hintsSchema(step string) node {
	return object(node{
		"words":  texts(text()).about("A star at either end lifts the word boundary there."),
		"before": whole(0, maxWindow).about("Bytes before the value that are looked at."),
		"after":  whole(0, maxWindow).about("Bytes behind the value that are looked at."),
		"within": whole(0, maxWindow).about("Both."),
		step:     whole(1, 2).about("How many levels of confidence; default 1."),
	}, "words")
}

func patternSchema() node {
	re := node{"type": "string", "minLength": 1, "maxLength": maxPattern}
	return node{"anyOf": []any{re, object(node{
		"re": re, "confidence": confidence().about("By itself; default medium."),
		"needs":    choice("context").about("Only with a context word near."),
		"validate": texts(choice(check.Names()...)).about("Instead of the detector's own."),
	}, "re")}}
}

func sampleSchema() node {
	return node{"anyOf": []any{texts(text()), object(node{
		"text":       texts(text()).about("The parts of a list are joined, so that other scanners do not take the test for a secret."),
		"value":      texts(text()).about("What must be found."),
		"confidence": confidence(),
	}, "text")}}
}

func profileSchema() node {
	return object(node{
		"id": id(), "name": text(),
		"use": list(node{"anyOf": []any{text(), object(node{
			"id": text(), "tag": text(), "count": whole(1, maxCount).about("Findings of it from which on they count; default 1."),
		})}}, "Detectors by id or by tag."),
		"trigger": object(node{
			"confidence": confidence(), "count": whole(1, maxCount).about("Findings needed; default 1."),
			"distinct": whole(2, 1000).about("Different detectors needed."), "within": whole(1, 1<<30).about("Bytes they are apart at most."),
		}).about("When the findings matter."),
	}, "id", "use")
}
