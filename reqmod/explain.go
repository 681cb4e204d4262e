package reqmod

import (
	"context"
	"time"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// Explanation is what Sluice sees in one request and would do (JSON: DESIGN 4.4).
type Explanation struct {
	URL        string           `json:"url"`
	Method     string           `json:"method"`
	App        *ExplainedApp    `json:"app"` // nil: no AI app
	Activity   string           `json:"activity"`
	Visibility string           `json:"visibility"`
	Actor      string           `json:"actor"`
	Account    ExplainedAccount `json:"account"`
	Texts      []ExplainedText  `json:"texts"`
	Files      []ExplainedFile  `json:"files"`
	Findings   []dlp.Finding    `json:"findings"`
	Gaps       []string         `json:"gaps"`
	Decision   policy.Decision  `json:"decision"`
	Trace      []policy.Step    `json:"trace"`
	Timing     map[string]int64 `json:"timing_us"`
}

// ExplainedApp is the app that was recognised, with its approval status.
type ExplainedApp struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Vendor   string `json:"vendor"`
	Category string `json:"category"`
	Status   string `json:"status"`
	Source   string `json:"source"`
}

// ExplainedAccount is what the request tells of its account.
type ExplainedAccount struct {
	ID   string `json:"id,omitempty"`
	Plan string `json:"plan,omitempty"`
	Kind string `json:"kind"`
}

// ExplainedText is one text that was found.
type ExplainedText struct {
	Role string `json:"role"`
	Path string `json:"path"`
	Text string `json:"text"`
}

// ExplainedFile is one file that was found.
type ExplainedFile struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	Path    string `json:"path"`
	Outcome string `json:"outcome"`
}

// maxExplained bounds a text of a body that is not in memory.
const maxExplained = 1 << 20

// Explain goes the way of ServeICAP for r, to the end even where the decision is settled
// before, and tells what it saw. Nothing is recorded.
func (h *Handler) Explain(ctx context.Context, r *icap.Request) Explanation {
	c := &call{h: h, rules: h.rules.Load(), req: r, began: h.o.Now(), whole: true, took: map[string]int64{}}
	defer c.close()
	began := time.Now()
	c.guard(func() { c.recognise(ctx) })
	c.took["classify"] = time.Since(began).Microseconds()
	x := Explanation{
		URL: c.target.url(), Method: c.target.method, Activity: "other", Visibility: "full", Actor: "person",
		Account: ExplainedAccount{Kind: "unknown"}, Texts: []ExplainedText{}, Files: []ExplainedFile{},
		Findings: []dlp.Finding{}, Gaps: []string{}, Trace: []policy.Step{}, Timing: c.took,
	}
	if !c.isAI && len(c.gaps) == 0 {
		x.Decision = policy.Decision{Action: policy.Allow, Would: policy.Allow, Rule: "not-ai", Reason: "not an AI app", Profiles: []string{}, Mode: "enforce"}
		c.tellOwner(&x)
		return x
	}
	c.guard(func() { c.inspect(ctx) })
	c.decide()
	c.tell(&x)
	return x
}

// tellOwner names the app of a host of which only some requests are AI, this one not.
func (c *call) tellOwner(x *Explanation) {
	if c.rules.catalogue == nil || c.target.method == "CONNECT" {
		return
	}
	if app, ok := c.rules.catalogue.Owner(c.target.host); ok {
		x.App = &ExplainedApp{app.ID, app.Name, app.Vendor, app.Category, string(c.rules.status(app)), "catalogue"}
		x.Decision.Reason = "only some requests to this host are AI, and this is none of them"
	}
}

// tell fills in what the hops found.
func (c *call) tell(x *Explanation) {
	f := &c.facts
	if app := c.match.App; app != nil {
		x.App = &ExplainedApp{app.ID, app.Name, app.Vendor, app.Category, string(f.App.Status), c.match.Source}
		x.Visibility = visibility(app, f.Activity)
	}
	x.Activity, x.Actor, x.Account = f.Activity, f.Actor, ExplainedAccount(f.Account)
	if c.doc != nil {
		for _, t := range c.doc.Texts {
			data := t.Data
			if t.Reader != nil {
				data = make([]byte, min(t.Size, maxExplained))
				n, _ := t.Reader.ReadAt(data, 0)
				data = data[:n]
			}
			x.Texts = append(x.Texts, ExplainedText{string(t.Role), t.Path, string(data)})
		}
		for _, u := range c.doc.Files {
			x.Files = append(x.Files, ExplainedFile{u.Name, u.Type, u.Size, u.SHA256, u.Path, string(u.Outcome)})
		}
	}
	x.Findings = append(x.Findings, c.located(c.findings)...)
	for _, g := range c.decision.Gaps {
		x.Gaps = append(x.Gaps, string(g))
	}
	x.Decision = c.decision
	if x.Decision.Profiles == nil {
		x.Decision.Profiles = []string{}
	}
	x.Trace = append(append(x.Trace, c.plan.Trace(c.evidence)...), c.notes...)
}
