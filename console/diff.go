package console

import (
	"fmt"
	"slices"
	"strings"
)

// maxDiff bounds the lines that are compared; more is shown as replaced.
const maxDiff = 4000

// diffContext is how many unchanged lines stand around a change.
const diffContext = 3

// diffLine is one line of a comparison: ' ', '-' or '+'.
type diffLine struct {
	Kind byte
	Text string
}

// diffLines compares by the longest common subsequence.
func diffLines(a, b []string) []diffLine {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	x, y := a[head:len(a)-tail], b[head:len(b)-tail]
	var out []diffLine
	add := func(kind byte, lines ...string) {
		for _, l := range lines {
			out = append(out, diffLine{kind, l})
		}
	}
	add(' ', a[:head]...)
	if len(x)*len(y) > maxDiff*maxDiff/4 {
		add('-', x...)
		add('+', y...)
		add(' ', a[len(a)-tail:]...)
		return out
	}
	// long[i][j] is the length of the longest common subsequence of x[i:] and y[j:].
	long := make([][]int32, len(x)+1)
	for i := range long {
		long[i] = make([]int32, len(y)+1)
	}
	for i := range slices.Backward(x) {
		for j := range slices.Backward(y) {
			if x[i] == y[j] {
				long[i][j] = long[i+1][j+1] + 1
			} else {
				long[i][j] = max(long[i+1][j], long[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			add(' ', x[i])
			i++
			j++
		case j == len(y) || i < len(x) && long[i+1][j] >= long[i][j+1]:
			add('-', x[i])
			i++
		default:
			add('+', y[j])
			j++
		}
	}
	add(' ', a[len(a)-tail:]...)
	return out
}

// unifiedDiff writes a change as `patch` reads it; "" where nothing changed.
func unifiedDiff(name, before, after string) string {
	lines := diffLines(splitLines(before), splitLines(after))
	var b strings.Builder
	oldAt, newAt := 1, 1
	for i := 0; i < len(lines); {
		if lines[i].Kind == ' ' {
			oldAt++
			newAt++
			i++
			continue
		}
		from := max(i-diffContext, 0)
		end, quiet := i, 0
		for k := i; k < len(lines) && quiet <= 2*diffContext; k++ {
			if lines[k].Kind == ' ' {
				quiet++
			} else {
				quiet, end = 0, k+1
			}
		}
		to := min(end+diffContext, len(lines))
		olds, news := 0, 0
		for _, l := range lines[from:to] {
			if l.Kind != '+' {
				olds++
			}
			if l.Kind != '-' {
				news++
			}
		}
		if b.Len() == 0 {
			fmt.Fprintf(&b, "--- a/%s\n+++ b/%s\n", name, name)
		}
		fmt.Fprintf(&b, "@@ -%d,%d +%d,%d @@\n", oldAt-(i-from), olds, newAt-(i-from), news)
		for _, l := range lines[from:to] {
			b.WriteByte(l.Kind)
			b.WriteString(l.Text + "\n")
		}
		for _, l := range lines[i:to] {
			if l.Kind != '+' {
				oldAt++
			}
			if l.Kind != '-' {
				newAt++
			}
		}
		i = to
	}
	return b.String()
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// shownDiff cuts a change into lines with the class that colours them.
func shownDiff(diff string) []playPiece {
	var out []playPiece
	for _, l := range splitLines(diff) {
		class := ""
		switch {
		case strings.HasPrefix(l, "+++") || strings.HasPrefix(l, "---") || strings.HasPrefix(l, "@@"):
			class = "at"
		case strings.HasPrefix(l, "+"):
			class = "add"
		case strings.HasPrefix(l, "-"):
			class = "del"
		}
		out = append(out, playPiece{Text: l, Class: class})
	}
	return out
}
