// Package policy decides what happens to one request. It does no I/O, reads no clock,
// imports nothing of this module, and cannot fail at request time.
package policy

import (
	"net/netip"
	"time"
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

// ParseStatus reads one of the four statuses.
func ParseStatus(s string) (Status, error) { return "", nil }

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

// String returns the action's name in policy files and events.
func (a Action) String() string { return "" }

// MarshalText implements encoding.TextMarshaler.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// ParseAction reads an action's name.
func ParseAction(s string) (Action, error) { return 0, nil }

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

// App is what a rule may know of the app.
type App struct {
	ID, Name, Vendor, Category, Host string
	Status                           Status
}

// Account is what a rule may know of the account a request is made with.
type Account struct{ ID, Plan, Kind string }

// User is the person a request belongs to.
type User struct {
	Name   string
	Groups []string
}

// Source is where a request comes from.
type Source struct {
	IP            netip.Addr
	Country, Site string
}

// Device is what the proxy tells of the device.
type Device struct{ ID, Posture string }

// Request is what a rule may know of the HTTP request.
type Request struct {
	Method, Host, Path string
	Bytes              int64
}

// File is one uploaded file.
type File struct {
	Name, Type string
	Size       int64
}

// Facts is everything a decision may depend on, but for what the scan found.
type Facts struct {
	App      App
	Activity string // prompt | upload | other | session
	Actor    string // person | agent | server
	Account  Account
	User     User
	Source   Source
	Device   Device
	Request  Request
	Files    []File
	Now      time.Time
}

// Policy is an immutable compiled policy, safe for concurrent use.
type Policy struct{}

// Default returns the defaults of DESIGN 4.2 without rules.
func Default() *Policy { return &Policy{} }

// Options are what Parse checks a policy against.
type Options struct {
	HasProfile func(id string) bool // nil: profile names are not checked
	HasApp     func(id string) bool // nil: app ids in comparisons are not checked
}

// Parse reads a policy file called name; its error joins every mistake, each with file,
// line and remedy.
func Parse(name string, data []byte, o Options) (*Policy, error) { return &Policy{}, nil }

// Warnings returns rules that can never match, each with file and line.
func (p *Policy) Warnings() []string { return nil }

// Ask is one question to the scan: does profile trigger on findings of these roles?
type Ask struct {
	Profile string
	Roles   []string // nil: all
}

// Plan is the first half of a decision: every condition evaluated once on the facts.
// It is used by one goroutine.
type Plan struct {
	asks []Ask
}

// Plan evaluates the conditions of every rule. It cannot fail: an evaluation error is
// the gap policy_error of the decision.
func (p *Policy) Plan(f *Facts) *Plan { return &Plan{} }

// Asks returns what has to be scanned for, without duplicates; empty when no profile
// can change the decision.
func (p *Plan) Asks() []Ask { return p.asks }

// Evidence is what the scan and the extraction brought.
type Evidence struct {
	Triggered []bool // one for each of Plan.Asks
	Gaps      []Gap
	Redact    bool // whether the body could be rewritten; Redact falls back to Block when false
}

// Step is one line of the trace: a rule that was considered.
type Step struct {
	Rule   string `json:"rule"`
	When   bool   `json:"when"`
	Match  bool   `json:"match,omitempty"`
	Mode   string `json:"mode,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Decision is the answer, with its reason. Action is always set.
type Decision struct {
	Action   Action   `json:"action"`
	Would    Action   `json:"would"` // what it would be if rules in observe mode were enforced
	Rule     string   `json:"rule"`  // "default:in_review", "gap:unreviewed" or the rule's id
	Reason   string   `json:"reason"`
	Profiles []string `json:"profiles"` // profiles that triggered for the deciding rule; for a decision without a match those it asked for
	Mode     string   `json:"mode"`     // enforce | observe
	Gap      Gap      `json:"gap,omitempty"`
	Message  string   `json:"-"` // one sentence for the person; "" takes the default text
	Trace    []Step   `json:"-"`
}

// Decide is the second half: pure and total. Equal input gives an equal decision.
func (p *Plan) Decide(e Evidence) Decision { return Decision{Action: Block, Would: Block} }

// Version is a hash of the policy.
func (p *Policy) Version() string { return "" }
