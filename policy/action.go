package policy

import (
	"fmt"

	"github.com/sluice-dlp/sluice/internal/nearest"
)

// Status is an app's approval status.
type Status string

// The approval statuses.
const (
	Approved   Status = "approved"
	InReview   Status = "in_review"
	Unapproved Status = "unapproved"
	Unreviewed Status = "unreviewed" // also what the zero value means
)

// Statuses returns every status; a status's index is its place in [Policy] tables.
func Statuses() [4]Status { return [4]Status{Approved, InReview, Unapproved, Unreviewed} }

// index is the place of s in tables of four; anything unknown counts as unreviewed.
func (s Status) index() int {
	switch s {
	case Approved:
		return 0
	case InReview:
		return 1
	case Unapproved:
		return 2
	case Unreviewed:
	}
	return 3
}

// OrUnreviewed returns s, and [Unreviewed] for the zero value and anything else that is no status.
func (s Status) OrUnreviewed() Status { return Statuses()[s.index()] }

// ParseStatus reads one of the four statuses.
func ParseStatus(s string) (Status, error) {
	for _, known := range Statuses() {
		if s == string(known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("unknown status %q%s", s, nearest.HintOrAll(s, statusNames()))
}

func statusNames() []string {
	var names []string
	for _, s := range Statuses() {
		names = append(names, string(s))
	}
	return names
}

// Action is what happens to a request; a larger value is stricter and wins.
type Action uint8

// Actions, mildest first.
const (
	Allow Action = iota + 1
	Log
	Notify
	Coach
	Redact
	Isolate
	Block
)

// String returns the action's name in policy files and events; "none" for a value that is
// no action.
func (a Action) String() string {
	switch a {
	case Allow:
		return "allow"
	case Log:
		return "log"
	case Notify:
		return "notify"
	case Coach:
		return "coach"
	case Redact:
		return "redact"
	case Isolate:
		return "isolate"
	case Block:
		return "block"
	}
	return "none"
}

// MarshalText implements encoding.TextMarshaler.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Action) UnmarshalText(text []byte) error {
	parsed, err := ParseAction(string(text))
	*a = parsed
	return err
}

// ParseAction reads an action's name.
func ParseAction(s string) (Action, error) {
	for a := Allow; a <= Block; a++ {
		if s == a.String() {
			return a, nil
		}
	}
	return 0, fmt.Errorf("unknown action %q%s", s, nearest.HintOrAll(s, actionNames()))
}

func actionNames() []string {
	var names []string
	for a := Allow; a <= Block; a++ {
		names = append(names, a.String())
	}
	return names
}

// Gap says why the inspection of a request was not whole.
type Gap string

// The gaps.
const (
	TooLarge    Gap = "too_large"
	Undecodable Gap = "undecodable"
	Encrypted   Gap = "encrypted"
	Deadline    Gap = "deadline"
	PolicyError Gap = "policy_error"
	Internal    Gap = "internal"
)

// Gaps returns every gap.
func Gaps() [6]Gap { return [6]Gap{TooLarge, Undecodable, Encrypted, Deadline, PolicyError, Internal} }
