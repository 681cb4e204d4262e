package console

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// policyData is the policy and its simulator.
type policyData struct {
	Name, Text, Version string
	Warnings            []string
	Questions           []string
	Matrix              []matrixRow
	App                 string
	Apps                []choice
	Form                simulation
	Results             []explained
	Complaint           string
}

// matrixRow is what one approval status means.
type matrixRow struct {
	Status  policy.Status
	Answers []whatIf
}

// simulation is the form of a composed request.
type simulation struct{ URL, Method, Type, Body, User, Groups, Status string }

// explained is one answer of the explainer (DESIGN 4.4), as far as the page shows it.
type explained struct {
	URL        string `json:"url"`
	Method     string `json:"method"`
	App        *struct{ ID, Name, Status, Source string }
	Activity   string   `json:"activity"`
	Actor      string   `json:"actor"`
	Gaps       []string `json:"gaps"`
	Visibility string   `json:"visibility"`
	Texts      []struct{ Role, Path, Text string }
	Files      []struct {
		Name, Outcome string
		Size          int64
	}
	Findings []struct {
		Detector, Masked, Confidence, Part string
		Evidence                           []string
	}
	Decision struct {
		Action, Would, Rule, Reason, Mode string
		Profiles                          []string
	}
	Trace  []policy.Step    `json:"trace"`
	Timing map[string]int64 `json:"timing_us"`
}

const (
	maxSimBody = 1 << 20
	maxHAR     = 8 << 20
	maxSims    = 50 // requests of an archive that are shown
)

const simBody = `{"model":"gpt-5","messages":[{"role":"user","content":"Please charge the card 4111 1111 1111 1111, expiry 12/27."}]}`

func (s *Server) policyView(w http.ResponseWriter, r *http.Request, v *visitor) error {
	d, err := s.policyData(r)
	if err != nil {
		return err
	}
	d.Form = simulation{URL: "https://api.openai.com/v1/chat/completions", Method: "POST", Type: "application/json", Body: simBody}
	return s.render(w, r, v, "policy", page{Title: "Policy", Nav: "policy", Data: d})
}

func (s *Server) policyData(r *http.Request) (*policyData, error) {
	rules := s.o.Rules()
	d := &policyData{App: r.FormValue("app")}
	if rules.Policy != nil {
		d.Version, d.Warnings = rules.Policy.Version(), rules.Policy.Warnings()
	}
	if s.o.Policy != nil {
		var err error
		if d.Name, d.Text, err = s.o.Policy(); err != nil {
			return nil, err
		}
	}
	for _, q := range questions {
		d.Questions = append(d.Questions, q.text)
	}
	app := appRow{AppUsage: store.AppUsage{App: "example", Name: "an example app", Category: "chat"}}
	if c, ok := rules.Catalogue.App(d.App); ok {
		app.App, app.Name, app.Vendor, app.AppUsage.Category = c.ID, c.Name, c.Vendor, c.Category
	}
	for _, status := range policy.Statuses() {
		app.Status = string(status)
		d.Matrix = append(d.Matrix, matrixRow{status, s.whatIfs(r.Context(), &app)})
	}
	return d, nil
}

// simulate explains an archive or a composed request by the running rules.
func (s *Server) simulate(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := r.ParseMultipartForm(4 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return badInput("The form cannot be read.")
	}
	d, err := s.policyData(r)
	if err != nil {
		return err
	}
	d.Form = simulation{
		URL: strings.TrimSpace(r.FormValue("url")), Method: r.FormValue("method"), Type: r.FormValue("type"), Body: r.FormValue("body"),
		User: strings.TrimSpace(r.FormValue("user")), Groups: r.FormValue("groups"), Status: r.FormValue("status"),
	}
	c, err := d.Form.toCase(r)
	if err != nil {
		return err
	}
	if d.Form.Status != "" {
		status, err := policy.ParseStatus(d.Form.Status)
		if err != nil {
			return badInput("There is no such status.")
		}
		c.Statuses = map[string]policy.Status{}
		for _, app := range s.o.Rules().Catalogue.Apps() {
			c.Statuses[app.ID] = status
		}
	}
	if s.o.Explainer == nil {
		return &problem{status: http.StatusNotImplemented, title: "Not available", detail: "This console runs without the request path."}
	}
	list, err := s.o.Explainer.Explain(r.Context(), c)
	if errors.Is(err, ErrCase) {
		d.Complaint = err.Error()
	} else if err != nil {
		return err
	}
	for _, raw := range list[:min(len(list), maxSims)] {
		var x explained
		if err := json.Unmarshal(raw, &x); err != nil {
			return err
		}
		d.Results = append(d.Results, x)
	}
	return s.render(w, r, v, "policy", page{Title: "Policy", Nav: "policy", Data: d})
}

// toCase makes a case of the form: of its archive where one is given.
func (f *simulation) toCase(r *http.Request) (Case, error) {
	c := Case{Method: f.Method, URL: f.URL, ContentType: f.Type, Body: []byte(f.Body), User: f.User}
	for g := range strings.SplitSeq(f.Groups, ",") {
		if g = strings.TrimSpace(g); g != "" {
			c.Groups = append(c.Groups, g)
		}
	}
	if len(f.Body) > maxSimBody {
		return c, badInput("A composed request may have 1 MiB; for more, upload an archive.")
	}
	if r.MultipartForm == nil || len(r.MultipartForm.File["har"]) == 0 || r.MultipartForm.File["har"][0].Size == 0 {
		return c, nil
	}
	file, err := r.MultipartForm.File["har"][0].Open()
	if err != nil {
		return c, badInput("The archive cannot be read.")
	}
	defer file.Close()
	if c.HAR, err = io.ReadAll(io.LimitReader(file, maxHAR+1)); err != nil || len(c.HAR) > maxHAR {
		return c, badInput("The archive cannot be read, or is larger than 8 MiB.")
	}
	return c, nil
}
