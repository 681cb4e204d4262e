package main

import (
	"regexp"
	"strings"
)

// What a message quotes was written by a person, or by a program that went wrong: the
// beginning of it tells as much as all of it.
var (
	quoted   = regexp.MustCompile(`(?m)(?:^|[\s(\[:=])"(?:[^"\\\n]|\\.)*"`)
	longWord = regexp.MustCompile(`[^\s"]{1000,}`)
)

const (
	longQuote  = 120 // bytes
	keptOfLong = 60
)

// short returns a message with long values in it cut.
func short(message string) string {
	cut := func(s string) string {
		return strings.TrimRight(strings.ToValidUTF8(s[:keptOfLong], ""), `\`) + "…"
	}
	message = quoted.ReplaceAllStringFunc(message, func(s string) string {
		if len(s) <= longQuote {
			return s
		}
		return cut(s) + `"`
	})
	return longWord.ReplaceAllStringFunc(message, cut)
}
