package dlp

import (
	"cmp"
	"slices"
)

// Triggers reports whether findings, of those with one of roles (nil: all), satisfy the
// profile's trigger.
func (e *Engine) Triggers(profile string, roles []string, findings []Finding) bool {
	p := e.byProfile[profile]
	if p == nil {
		return false
	}
	var counted []Finding
	each := map[string]int{}
	for _, f := range findings {
		if f.Rejected || f.Confidence < p.trigger.confidence || !slices.Contains(f.Profiles, profile) {
			continue
		}
		if roles != nil && !slices.Contains(roles, f.Role) {
			continue
		}
		each[f.Detector]++
		counted = append(counted, f)
	}
	counted = slices.DeleteFunc(counted, func(f Finding) bool { return each[f.Detector] < p.detectors[f.Detector] })
	if len(counted) < p.trigger.count {
		return false
	}
	return p.trigger.distinct == 0 || together(counted, p.trigger.distinct, int64(p.trigger.within))
}

// together reports whether findings of enough different detectors lie close enough in one
// text; within zero means anywhere in it.
func together(fs []Finding, distinct int, within int64) bool {
	slices.SortFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Start, b.Start))
	})
	inside, low := map[string]int{}, 0
	for _, f := range fs {
		for apart(&fs[low], &f, within) {
			if inside[fs[low].Detector]--; inside[fs[low].Detector] == 0 {
				delete(inside, fs[low].Detector)
			}
			low++
		}
		inside[f.Detector]++
		if len(inside) >= distinct {
			return true
		}
	}
	return false
}

// apart reports whether two findings, a not after b, are too far from each other.
func apart(a, b *Finding, within int64) bool {
	if a.Text != b.Text || a.Part != b.Part {
		return true
	}
	return within > 0 && a.Start != b.Start && b.End-a.Start > within
}
