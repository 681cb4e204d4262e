package console

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/policy"
)

// maxArchive bounds what explain reads, maxScan what scan does.
const (
	maxArchive = maxBody
	maxScan    = 4 << 20
)

var errNoExplainer = &problem{status: http.StatusNotImplemented, title: "Not here", detail: "This console is not connected to the request path."}

func (s *Server) apiExplain(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	var in struct {
		HAR     json.RawMessage `json:"har"`
		Request *struct {
			Method      string `json:"method"`
			URL         string `json:"url"`
			ContentType string `json:"content_type"`
			Body        string `json:"body"`
		} `json:"request"`
		User     string            `json:"user"`
		Groups   []string          `json:"groups"`
		Statuses map[string]string `json:"statuses"`
	}
	if err := readJSON(r, maxArchive, &in); err != nil {
		return err
	}
	if s.o.Explainer == nil {
		return errNoExplainer
	}
	c := Case{HAR: in.HAR, User: in.User, Groups: in.Groups, Statuses: map[string]policy.Status{}}
	if (len(in.HAR) > 0) == (in.Request != nil) {
		return badInput("Send either har or request.")
	}
	if in.Request != nil {
		c.Method, c.URL, c.ContentType, c.Body = in.Request.Method, in.Request.URL, in.Request.ContentType, []byte(in.Request.Body)
	}
	for app, name := range in.Statuses {
		status, err := policy.ParseStatus(name)
		if err != nil {
			return badInput("statuses: " + err.Error() + ".")
		}
		c.Statuses[app] = status
	}
	items, err := s.o.Explainer.Explain(r.Context(), c)
	if errors.Is(err, ErrCase) {
		return badInput(sentence(err))
	}
	if err != nil {
		return err
	}
	return writeList(s, w, r, items, "")
}

func (s *Server) apiScan(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	var in struct {
		Text          *string  `json:"text"`
		Profiles      []string `json:"profiles"`
		MinConfidence string   `json:"min_confidence"`
		Explain       bool     `json:"explain"`
	}
	if err := readJSON(r, maxScan, &in); err != nil {
		return err
	}
	if in.Text == nil {
		return badInput("text: which text is to be scanned?")
	}
	engine := s.o.Rules().Engine
	q := dlp.Query{Profiles: in.Profiles, Explain: in.Explain}
	for _, id := range in.Profiles {
		if !engine.HasProfile(id) {
			return badInput("profiles: there is no profile " + id + ".")
		}
	}
	if in.MinConfidence != "" {
		var err error
		if q.MinConfidence, err = dlp.ParseConfidence(in.MinConfidence); err != nil {
			return badInput("min_confidence: " + err.Error() + ".")
		}
	}
	report := engine.Scan(r.Context(), q, dlp.Text{Role: "user", Part: "text", Data: []byte(*in.Text)})
	if report.Findings == nil {
		report.Findings = []dlp.Finding{}
	}
	return s.writeJSON(w, r, http.StatusOK, map[string]any{"findings": report.Findings, "complete": report.Complete, "limit": report.Limit, "bytes": report.Bytes})
}

func (s *Server) apiProfiles(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	type profile struct {
		ID        string   `json:"id"`
		Name      string   `json:"name"`
		Detectors []string `json:"detectors"`
	}
	var list []profile
	for _, p := range s.o.Rules().Engine.Profiles() {
		list = append(list, profile{p.ID, p.Name, append([]string{}, p.Detectors...)})
	}
	return writeList(s, w, r, list, "")
}
