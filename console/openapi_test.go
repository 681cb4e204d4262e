package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// document reads openapi.yaml.
func document(t *testing.T) (libopenapi.Document, validator.Validator) {
	t.Helper()
	doc, err := libopenapi.NewDocument(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return doc, v
}

// operations returns "METHOD /path" of all that the document has.
func operations(t *testing.T, doc libopenapi.Document) []string {
	t.Helper()
	model, err := doc.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method := range item.GetOperations().FromOldest() {
			list = append(list, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(list)
	return list
}

// parameters returns, by operation, the parameters of the query that the document has.
func parameters(t *testing.T, doc libopenapi.Document) map[string][]string {
	t.Helper()
	model, err := doc.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			var names []string
			for _, p := range op.Parameters {
				if p.In == "query" {
					names = append(names, p.Name)
				}
			}
			slices.Sort(names)
			all[strings.ToUpper(method)+" "+path] = names
		}
	}
	return all
}

func TestDocumentAndRoutesAgree(t *testing.T) {
	doc, v := document(t)
	if ok, errs := v.ValidateDocument(); !ok {
		for _, e := range errs {
			t.Errorf("openapi.yaml: %s: %s %+v", e.Message, e.Reason, e.SchemaValidationErrors)
		}
	}
	var routes []string
	documentedNames := parameters(t, doc)
	for _, rt := range newSite(t, nil).server.apiRoutes() {
		op := strings.Replace(rt.pattern, apiPrefix, "/", 1)
		routes = append(routes, op)
		if known := slices.Sorted(slices.Values(strings.Fields(rt.query))); !slices.Equal(known, documentedNames[op]) {
			t.Errorf("%s: documented with %q, served with %q", op, documentedNames[op], known)
		}
	}
	slices.Sort(routes)
	if documented := operations(t, doc); !slices.Equal(documented, routes) {
		t.Errorf("documented:\n%s\nserved:\n%s", strings.Join(documented, "\n"), strings.Join(routes, "\n"))
	}
}

// fakeExplainer answers as sluice explain does.
type fakeExplainer struct{}

func (fakeExplainer) Explain(_ context.Context, c Case) ([]json.RawMessage, error) {
	if c.URL == "nonsense" {
		return nil, fmt.Errorf("%w: it has no host", ErrCase)
	}
	return []json.RawMessage{json.RawMessage(`{"url":"https://chatgpt.com/","method":"POST","app":null,"activity":"other","visibility":"full","actor":"person","account":{"kind":"unknown"},
		"texts":[],"files":[],"findings":[],"gaps":[],"decision":{"action":"allow","would":"allow","rule":"","reason":"no AI app"},"trace":[],"timing_us":{}}`)}, nil
}

type fakeProber struct{ contact Contact }

func (p fakeProber) Probe(context.Context, string, string) (Probe, error) {
	return Probe{Event: "", Status: 403, Took: time.Millisecond}, nil
}

func (p fakeProber) Contact() Contact { return p.contact }

// apiCase is one request and the status it must get.
type apiCase struct {
	method, path, body string
	want               int
}

// TestDocumentAndAnswersAgree asks every operation, with right and wrong input, and holds
// each request and each answer against the document.
func TestDocumentAndAnswersAgree(t *testing.T) {
	doc, valid := document(t)
	x := newSite(t, func(o *Options) {
		o.Explainer, o.Prober = fakeExplainer{}, fakeProber{Contact{Last: time.Now(), Requests: 3, Options: 1}}
	})
	x.account("ada", Admin, "evidence", "sql", "names")
	sealed, plain := request("alice", "chatgpt", "block"), request("bob", "claude", "log")
	sealed.Sealed = []byte("age-encryption.org/v1 …")
	sealed.Files = []event.File{{Name: "a.csv", Type: "text/csv", Size: 3, Hash: "hmac:1", Outcome: "complete"}}
	sealed.Gaps = []string{"encrypted"}
	x.record(sealed, plain, request(markup, "gemini", "coach"))
	x.rollUp()
	pending, err := x.store.AddException(t.Context(), store.Exception{User: "alice", App: "chatgpt", Subject: "pci", Justification: "for a refund", State: store.ExceptionPending, Created: time.Now(), Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	b := x.signedIn("ada")
	own := apiCase{"POST", "/tokens", `{"name":"ci","scopes":["view"],"days":30}`, 201}
	event := "/events/" + sealed.ID
	cases := []apiCase{
		{"GET", "/openapi.yaml", "", 200},
		{"GET", "/me", "", 200},
		{"GET", "/status", "", 200},
		{"GET", "/reports/totals?since=7d", "", 200},
		{"GET", "/reports/totals?since=tomorrow", "", 400},
		{"GET", "/reports/series?by=action&step=1h&since=2d", "", 200},
		{"GET", "/reports/series?step=1h&since=90d", "", 400},
		{"GET", "/reports/totals?group=finance", "", 200},
		{"GET", "/reports/series?group=finance&step=1h&since=2d", "", 200},
		{"GET", "/reports/series?group=finance&by=action", "", 400},
		{"GET", "/apps?group=finance", "", 200},
		{"GET", "/apps?group=finance&order=bytes_out", "", 400},
		{"GET", "/reports/totals?gruop=finance", "", 400},
		{"GET", "/reports/spikes?since=7d", "", 400},
		{"GET", "/events?group=finance", "", 200},
		{"GET", "/reports/breakdown?by=users&order=bytes_out&limit=2", "", 200},
		{"GET", "/reports/breakdown?by=groups", "", 200},
		{"GET", "/reports/breakdown?by=sources", "", 200},
		{"GET", "/reports/matches?app=chatgpt", "", 200},
		{"GET", "/reports/detections", "", 200},
		{"GET", "/reports/new-apps", "", 200},
		{"GET", "/reports/spikes", "", 200},
		{"GET", "/reports/geography", "", 200},
		{"GET", "/coverage", "", 200},
		{"GET", "/people", "", 200},
		{"GET", "/people/alice/apps", "", 200},
		{"GET", "/people/~1/apps", "", 200},
		{"GET", "/apps", "", 200},
		{"GET", "/apps/chatgpt", "", 200},
		{"GET", "/apps/no-such-app", "", 404},
		{"PUT", "/apps/chatgpt/status", `{"status":"approved","note":"contract signed"}`, 200},
		{"PUT", "/apps/no-such-app/status", `{"status":"approved"}`, 404},
		{"PUT", "/apps/llm.corp.example/status", `{"status":"approved"}`, 200},
		{"GET", "/statuses", "", 200},
		{"GET", "/events?limit=2", "", 200},
		{"GET", "/events?app=chatgpt&action=block&notable=true&state=new&since=1h", "", 200},
		{"GET", "/events/export?format=ndjson", "", 200},
		{"GET", "/events/export?format=jsonl", "", 200},
		{"GET", "/events/export?format=csv", "", 200},
		{"GET", event, "", 200},
		{"GET", "/events/0193e5a0-7c1f-7b3e-9a55-2f6d1c0b8e44", "", 404},
		{"GET", "/events/nonsense", "", 404},
		{"GET", event + "/review", "", 200},
		{"PUT", event + "/review", `{"state":"confirmed","assignee":"rob","reason":"real_leak","note":"spoke to alice"}`, 200},
		{"GET", event + "/review", "", 200},
		{"GET", "/reports/precision", "", 200},
		{"GET", event + "/payload", "", 200},
		{"GET", "/events/" + plain.ID + "/payload", "", 404},
		{"GET", "/exceptions?valid=true", "", 200},
		{"GET", "/exceptions?state=pending&limit=1", "", 200},
		{"GET", "/exceptions?state=over", "", 400},
		{"GET", "/exceptions?cursor=over", "", 400},
		{"GET", "/audit?since=1h&until=2h", "", 400},
		{"POST", "/exceptions/" + pending.ID + "/decision", `{"approve":true,"note":"once"}`, 204},
		{"POST", "/exceptions/" + pending.ID + "/decision", `{"approve":false}`, 404},
		{"DELETE", "/exceptions/" + pending.ID + "?note=over", "", 204},
		{"POST", "/explain", `{"request":{"method":"POST","url":"https://chatgpt.com/","content_type":"application/json","body":"{}"},"user":"alice","statuses":{"chatgpt":"approved"}}`, 200},
		{"POST", "/explain", `{"request":{"method":"GET","url":"nonsense"}}`, 400},
		{"POST", "/explain", `{}`, 400},
		{"POST", "/scan", `{"text":"card 4111 1111 1111 ` + `1111, exp 12/29","explain":true}`, 200},
		{"POST", "/scan", `{"text":"x","profiles":["no-such-profile"]}`, 400},
		{"POST", "/scan", `{}`, 400},
		{"GET", "/profiles", "", 200},
		{"GET", "/investigations", "", 200},
		{"POST", "/explore", `{"sql":"SELECT app, count(*) FROM events GROUP BY app"}`, 200},
		{"POST", "/explore", `{"sql":"DELETE FROM events"}`, 400},
		{"GET", "/audit?limit=5", "", 200},
		{"GET", "/audit/check", "", 200},
		{"GET", "/accounts", "", 200},
		own,
		{"GET", "/tokens", "", 200},
		{"DELETE", "/tokens/no-such-token", "", 404},
	}
	succeeded := map[string]bool{}
	ask := func(c apiCase) answer {
		t.Helper()
		a := b.do(c.method, "/api/v1"+c.path, kindOf(c.body), c.body)
		if a.status != c.want {
			t.Errorf("%s %s: %d, want %d: %.300s", c.method, c.path, a.status, c.want, a.body)
		}
		if complaint := validate(t, valid, c, a); complaint != "" {
			t.Errorf("%s %s answers %d: %s\n%.600s", c.method, c.path, a.status, complaint, a.body)
		}
		if a.status < 300 {
			succeeded[operationOf(t, doc, c)] = true
		}
		return a
	}
	for _, c := range cases {
		ask(c)
	}
	var made struct{ ID, Token string }
	if err := json.Unmarshal([]byte(ask(own).body), &made); err != nil || !strings.HasPrefix(made.Token, "sluice_") {
		t.Fatalf("the new token: %v", err)
	}
	ask(apiCase{"DELETE", "/tokens/" + made.ID, "", 204})
	for _, op := range operations(t, doc) {
		if !succeeded[op] && op != "GET /events/live" { // TestLive
			t.Errorf("%s: no answer that succeeded was held against the document", op)
		}
	}
}

func kindOf(body string) string {
	if body == "" {
		return ""
	}
	return "application/json"
}

// operationOf returns which operation a case asks for.
func operationOf(t *testing.T, doc libopenapi.Document, c apiCase) string {
	t.Helper()
	path, _, _ := strings.Cut(c.path, "?")
	asked := strings.Split(path, "/")
	best := ""
	for _, op := range operations(t, doc) {
		method, pattern, _ := strings.Cut(op, " ")
		parts := strings.Split(pattern, "/")
		fits := method == c.method && len(parts) == len(asked)
		for i := 0; fits && i < len(parts); i++ {
			fits = parts[i] == asked[i] || strings.HasPrefix(parts[i], "{")
		}
		if fits && (best == "" || strings.Count(pattern, "{") < strings.Count(best, "{")) {
			best = op
		}
	}
	return best
}

// validate holds a request and its answer against the document. Wrong requests must only
// bring a documented answer.
func validate(t *testing.T, v validator.Validator, c apiCase, a answer) string {
	t.Helper()
	if a.header.Get("Content-Type") == "application/x-ndjson" { // each line is an Event
		one := answer{a.status, a.header.Clone(), ""}
		one.header.Set("Content-Type", "application/json")
		n := 0
		for line := range strings.Lines(a.body) {
			n++
			one.body = line
			if complaint := validate(t, v, apiCase{"GET", "/events/x", "", 200}, one); complaint != "" {
				return complaint
			}
		}
		if n != 3 {
			return fmt.Sprintf("%d lines, want 3", n)
		}
		return ""
	}
	r, err := http.NewRequestWithContext(t.Context(), c.method, "http://sluice.example/api/v1"+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.AddCookie(&http.Cookie{Name: "sluice", Value: "x"})
	var complaints []string
	if a.status < 300 {
		if ok, errs := v.ValidateHttpRequest(r); !ok {
			for _, e := range errs {
				complaints = append(complaints, "request: "+e.Message+": "+e.Reason)
			}
		}
	}
	if c.body != "" {
		r.Body = io.NopCloser(strings.NewReader(c.body))
	}
	resp := &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader([]byte(a.body))), Request: r}
	if ok, errs := v.ValidateHttpResponse(r, resp); !ok {
		for _, e := range errs {
			complaint := "answer: " + e.Message + ": " + e.Reason
			for _, s := range e.SchemaValidationErrors {
				complaint += "; " + s.FieldPath + " " + s.Reason
			}
			complaints = append(complaints, complaint)
		}
	}
	return strings.Join(complaints, "\n")
}
