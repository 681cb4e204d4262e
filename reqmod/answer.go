package reqmod

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// answer turns the decision into what the proxy gets: hop 7.
func (c *call) answer(e *event.Event) icap.Answer {
	id := icap.Field{Name: "X-Sluice-Id", Value: e.ID}
	switch c.decision.Action {
	case policy.Allow, policy.Log, policy.Notify:
		if set := c.tenantHeaders(); len(set) > 0 {
			return icap.Modified(icap.Modification{Set: set}).With(id)
		}
		return icap.Unmodified().With(id)
	case policy.Redact:
		return icap.Modified(icap.Modification{Set: c.tenantHeaders(), Body: c.redacted, ReplaceBody: true}).With(id)
	case policy.Isolate:
		if to := c.h.o.IsolateTemplate; to != "" && isNavigation(c.header) {
			to = strings.ReplaceAll(to, "{url}", url.QueryEscape(c.target.url()))
			return icap.Respond(icap.Response{Status: 302, Header: []icap.Field{{Name: "Location", Value: to}, {Name: "Cache-Control", Value: "no-store"}}}).With(id)
		}
	case policy.Coach, policy.Block:
	}
	return icap.Respond(c.refusal(e)).With(append(c.threat(), id)...)
}

// tenantHeaders are the header fields that policy adds to a request that passes.
func (c *call) tenantHeaders() []icap.Field {
	var set []icap.Field
	for _, h := range c.plan.Headers() {
		set = append(set, icap.Field{Name: h.Name, Value: h.Value})
	}
	return set
}

// threat tells ICAP clients that know no Sluice why a request was stopped: the extensions
// X-Infection-Found and X-Violations-Found, the latter on one line, which is the same as
// its usual folded form.
func (c *call) threat() []icap.Field {
	name := "dlp:" + c.cause()
	return []icap.Field{
		{Name: "X-Infection-Found", Value: "Type=2; Resolution=2; Threat=" + name + ";"},
		{Name: "X-Violations-Found", Value: fmt.Sprintf("1 - %s 0 2", name)},
	}
}

// cause names what stopped a request: the profile, else the gap, else the rule.
func (c *call) cause() string {
	d := &c.decision
	switch {
	case d.Matched && len(d.Profiles) > 0:
		return d.Profiles[0]
	case d.Gap != "":
		return string(d.Gap)
	}
	return d.Rule
}

// refusal is the HTTP answer to a request that is stopped: 403, and never 200, which API
// clients would take for the app's answer.
func (c *call) refusal(e *event.Event) icap.Response {
	h := c.header
	contentType, body := "", []byte(nil)
	if isNavigation(h) {
		contentType, body = "text/html; charset=utf-8", c.page(e)
	} else {
		contentType, body = c.errorBody(e)
	}
	fields := []icap.Field{
		{Name: "Content-Type", Value: contentType},
		{Name: "Cache-Control", Value: "no-store"},
		{Name: "X-Content-Type-Options", Value: "nosniff"},
		{Name: "X-Should-Retry", Value: "false"},
		{Name: "X-Sluice-Id", Value: e.ID},
	}
	if isNavigation(h) {
		fields = append(fields, icap.Field{Name: "Content-Security-Policy", Value: c.h.pagePolicy()})
	}
	exposed := "X-Sluice-Id"
	if isGRPC(h) {
		fields = append(fields, icap.Field{Name: "Grpc-Status", Value: "7"}, icap.Field{Name: "Grpc-Message", Value: grpcMessage(c.sentence(e))})
		exposed += ", Grpc-Status, Grpc-Message"
	}
	if origin := h.get("Origin"); origin != nil { // without it a cross-origin fetch cannot read the reason
		fields = append(fields,
			icap.Field{Name: "Access-Control-Allow-Origin", Value: string(origin)},
			icap.Field{Name: "Access-Control-Allow-Credentials", Value: "true"},
			icap.Field{Name: "Access-Control-Expose-Headers", Value: exposed},
			icap.Field{Name: "Vary", Value: "Origin"})
	}
	return icap.Response{Status: 403, Header: fields, Body: body}
}
