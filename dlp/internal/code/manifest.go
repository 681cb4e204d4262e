package code

import "bytes"

// Settings in YAML are data, but pipelines and manifests say what machines do, and are kept
// where programs are. They count when two keys agree that only such a file has together.

// sign is what one line says of the file.
type sign uint16

const (
	apiVersion sign = 1 << iota
	objectKind
	runsOn
	steps
	stage
	script
	hosts
	tasks
	templateVersion
	resources
)

// manifests are the signs that make a manifest together.
var manifests = [...]sign{apiVersion | objectKind, runsOn | steps, stage | script, hosts | tasks, templateVersion | resources}

// manifest is a stretch of settings: lines of keys, of list items, and what is indented
// under them.
type manifest struct {
	start, end, lines, blanks int
	signs                     sign
	sure                      bool
}

// setting takes a line and reports whether it belongs to what is a manifest for certain.
func (b *builder) setting(line []byte, start int, l scored) bool {
	m := &b.manifest
	t := line[l.indent:]
	switch {
	case l.kind == blank:
		if m.blanks++; m.blanks > gapBlank {
			b.endManifest()
		}
		return m.sure
	case yamlLine(t), m.lines > 0 && (l.indent > 0 || t[0] == '#' || string(t) == "---"):
	default:
		b.endManifest()
		return false
	}
	if m.lines == 0 {
		m.start = start + l.indent
	}
	m.lines++
	m.end, m.blanks = start+len(line), 0
	if m.sure {
		return true
	}
	m.signs |= signOf(t)
	for _, all := range manifests {
		m.sure = m.sure || m.signs&all == all
	}
	if m.sure {
		if !b.open || b.block.Start >= m.start {
			b.reset()
		}
		b.finish()
	}
	return m.sure
}

// endManifest reports a manifest that is long enough.
func (b *builder) endManifest() {
	m := b.manifest
	b.manifest = manifest{}
	if start := max(m.start, b.last); m.sure && m.lines > fewest && start < m.end {
		b.last = m.end
		b.hit(Block{Start: start, End: m.end, Lines: m.lines, Code: m.lines, Score: fewest * m.lines})
	}
}

// yamlLine reports a key with or without a value, or an item of a list.
func yamlLine(t []byte) bool {
	if t[0] == '-' {
		return len(t) == 1 || t[1] == ' ' || string(t) == "---"
	}
	key, _, ok := keyOf(t)
	return ok && len(key) > 0
}

// keyOf splits a line at the colon behind a key.
func keyOf(t []byte) (key, value []byte, ok bool) {
	const longestKey = 60
	i := bytes.IndexByte(t[:min(len(t), longestKey)], ':')
	if i <= 0 || bytes.IndexByte(t[:i], ' ') >= 0 || i+1 < len(t) && t[i+1] != ' ' {
		return nil, nil, false
	}
	return t[:i], bytes.TrimSpace(t[i+1:]), true
}

// signOf says what a line tells of the file. Small words with a text behind them are a form
// that somebody filled in.
func signOf(t []byte) sign {
	t = bytes.TrimPrefix(t, []byte("- "))
	key, value, ok := keyOf(t)
	if !ok {
		return 0
	}
	one := len(value) > 0 && bytes.IndexByte(value, ' ') < 0
	switch string(key) {
	case "apiVersion":
		if i := bytes.LastIndexByte(value, '/') + 1; one && i+1 < len(value) && value[i] == 'v' && classes[value[i+1]] == digit {
			return apiVersion
		}
	case "kind":
		if one && value[0] >= 'A' && value[0] <= 'Z' {
			return objectKind
		}
	case "runs-on":
		if len(value) > 0 {
			return runsOn
		}
	case "uses":
		if one && bytes.IndexByte(value, '@') > 0 {
			return steps
		}
	case "steps":
		return bare(value, steps)
	case "stages":
		return bare(value, stage)
	case "stage":
		if one {
			return stage
		}
	case "script", "before_script":
		return bare(value, script)
	case "hosts":
		if one {
			return hosts
		}
	case "tasks", "roles", "handlers":
		return bare(value, tasks)
	case "AWSTemplateFormatVersion":
		return templateVersion
	case "Resources":
		return bare(value, resources)
	}
	return 0
}

// bare is the sign of a key that has its value below it.
func bare(value []byte, s sign) sign {
	if len(value) == 0 || value[0] == '[' {
		return s
	}
	return 0
}
