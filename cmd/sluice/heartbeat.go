package main

import (
	"context"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/console"
	"github.com/sluice-dlp/sluice/store"
)

// heartbeat is how often a node tells of itself, for the console of every node.
const heartbeat = 10 * time.Second

// tellOfItself keeps the node's line in the store until ctx ends. A database that does not
// answer is told by those who need it.
func (n *node) tellOfItself(ctx context.Context) error {
	started, told := time.Now(), true
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		if err := n.store.SeeNode(ctx, n.line(started)); err != nil && told && ctx.Err() == nil {
			n.log.Warn("the store does not take this node's heartbeat", "error", err)
			told = false
		} else if err == nil {
			told = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// line is what the node is now.
func (n *node) line(started time.Time) store.Node {
	s := n.recorder.Stats()
	out := store.Node{
		Outbox: n.recorder.Outbox(), Name: n.config.Node, Build: build(), Snapshot: n.handler.Version(),
		Started: started, Seen: time.Now(), Used: s.Used, Cap: s.Cap, Last: s.Last, Sinks: []store.SinkLag{},
	}
	for _, d := range s.Deliveries {
		lag := store.SinkLag{Name: d.Sink, Behind: max(0, s.Last-d.Position)}
		if d.Err != nil {
			lag.Complaint = d.Err.Error()
		}
		out.Sinks = append(out.Sinks, lag)
	}
	return out
}

// consoleSettings are the lines of sluice.yaml that an administrator looks for.
func (n *node) consoleSettings() []console.Setting {
	f := n.config
	orElse := func(text, other string) string {
		if text == "" {
			return other
		}
		return text
	}
	database := "SQLite in " + f.DataDir
	if !n.store.SQLite() {
		database = "Postgres"
	}
	var sinks []string
	for _, x := range f.Export {
		sinks = append(sinks, x.Type)
	}
	for _, x := range f.Notify {
		sinks = append(sinks, x.Type)
	}
	return []console.Setting{
		{Name: "Database", Value: database},
		{Name: "Events are kept for", Value: time.Duration(f.Retention.Events).String()},
		{Name: "Reports are kept for", Value: time.Duration(f.Retention.Rollups).String()},
		{Name: "Prompts are kept for", Value: map[bool]string{true: "not at all", false: time.Duration(f.Retention.Payloads).String() + ", encrypted"}[f.Payload.AgeRecipient == ""]},
		{Name: "Exceptions", Value: time.Duration(f.Exceptions.Lifetime).String() + ", approval: " + f.Exceptions.Approval},
		{Name: "Policy", Value: orElse(f.Policy.File, "built in")},
		{Name: "Profiles", Value: orElse(strings.Join(f.Profiles.Dirs, ", "), "built in")},
		{Name: "Catalogue", Value: orElse(strings.Join(f.Catalogue.Dirs, ", "), "built in")},
		{Name: "When budgets are spent", Value: map[bool]string{true: "requests pass (open)", false: "requests are stopped (closed)"}[f.FailOpen()]},
		{Name: "ICAP", Value: addrString(n.icapAddr) + " for " + strings.Join(f.ICAP.Allow, ", ")},
		{Name: "Sign-in", Value: orElse(f.Console.OIDC.Issuer, "passwords of this console")},
		{Name: "Channels and exports", Value: orElse(strings.Join(sinks, ", "), "none")},
	}
}
