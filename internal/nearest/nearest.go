// Package nearest finds the word that an author of a file has most likely meant.
package nearest

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// longest bounds the words that are compared, in bytes.
const longest = 64

// Word returns the known word with the fewest edits from word, case aside: at most one for
// every three bytes and one more, and fewer than it has letters. The first of equals wins;
// "" when none is near.
func Word(word string, known []string) string {
	best, bound := "", min(1+len(word)/3, len(word)-1)
	if len(word) > longest {
		return ""
	}
	for _, k := range known {
		if len(k) > longest {
			continue
		}
		if d := Edits(word, k); d <= bound {
			best, bound = k, d-1
		}
	}
	return best
}

// Edits returns how many letters must be changed, added or left out to make b of a, case aside.
func Edits(a, b string) int {
	return levenshtein.ComputeDistance(strings.ToLower(a), strings.ToLower(b))
}

// Hint is the end of a message about a word that is not known: ` (did you mean "x"?)`, or
// "" when no known word is near.
func Hint(word string, known []string) string {
	if near := Word(word, known); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

// HintOrAll is [Hint], with all known words in their order where none is near.
func HintOrAll(word string, known []string) string {
	if hint := Hint(word, known); hint != "" {
		return hint
	}
	return " (one of " + strings.Join(known, ", ") + ")"
}
