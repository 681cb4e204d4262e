package console

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// openAPI documents the routes below; a test holds the two together, both ways.
//
//go:embed openapi.yaml
var openAPI []byte

// apiRoutes are the HTTP API.
func (s *Server) apiRoutes() []route {
	routes := []route{
		{pattern: "GET /api/v1/openapi.yaml", serve: s.apiDocument},
		{pattern: "GET /api/v1/me", right: RightView, serve: s.apiMe},
		{pattern: "GET /api/v1/status", right: RightView, serve: s.apiStatus},
		{pattern: "POST /api/v1/explain", right: RightView, serve: s.apiExplain},
		{pattern: "POST /api/v1/scan", right: RightView, serve: s.apiScan},
		{pattern: "GET /api/v1/profiles", right: RightView, serve: s.apiProfiles},
		{pattern: "GET /api/v1/investigations", right: RightSQL, serve: s.apiInvestigations},
		{pattern: "POST /api/v1/explore", right: RightSQL, serve: s.apiExplore},
		{pattern: "GET /api/v1/audit", query: "since until actor action target cursor limit", right: RightReview, serve: s.apiAudit},
		{pattern: "GET /api/v1/audit/check", right: RightAdmin, serve: s.apiAuditCheck},
		{pattern: "GET /api/v1/accounts", right: RightAdmin, serve: s.apiAccounts},
		{pattern: "GET /api/v1/tokens", right: RightView, serve: s.apiTokens},
		{pattern: "POST /api/v1/tokens", right: RightView, stepUp: true, serve: s.apiAddToken},
		{pattern: "DELETE /api/v1/tokens/{id}", right: RightView, serve: s.apiRevokeToken},
	}
	for _, more := range [][]route{s.apiReportRoutes(), s.apiAppRoutes(), s.apiEventRoutes(), s.apiExceptionRoutes()} {
		routes = append(routes, more...)
	}
	return routes
}

func (s *Server) apiDocument(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	w.Header().Set("Content-Type", "application/yaml")
	s.write(w, r, http.StatusOK, openAPI)
	return nil
}

// list is an answer of many: Next, when there is more, is the cursor that asks for it.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// writeList answers with items; never null.
func writeList[T any](s *Server, w http.ResponseWriter, r *http.Request, items []T, next string) error {
	if items == nil {
		items = []T{}
	}
	return s.writeJSON(w, r, http.StatusOK, list[T]{items, next})
}

// maxJSON bounds what the API reads; an archive for explain may be larger.
const maxJSON = 1 << 20

// readJSON reads the body strictly.
func readJSON(r *http.Request, most int64, v any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return &problem{status: http.StatusUnsupportedMediaType, title: "That does not work", detail: "Send a body of type application/json."}
	}
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, most))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return badInput("The body is not the JSON that is documented: " + err.Error())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return badInput("There is more than one JSON value in the body.")
	}
	return nil
}

// queryLimit reads "limit" of a query: 1 to 1000, by default 100.
func queryLimit(q url.Values) (int, error) {
	const def, most = 100, 1000
	text := q.Get("limit")
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, badInput(fmt.Sprintf("limit: want a number from 1 to %d.", most))
	}
	return n, nil
}

// queryTimes reads "since" and "until"; without them they are zero.
func queryTimes(q url.Values, now time.Time) (since, until time.Time, err error) {
	return parsePeriod(q.Get("since"), q.Get("until"), now)
}

func (s *Server) apiMe(w http.ResponseWriter, r *http.Request, v *visitor) error {
	return s.writeJSON(w, r, http.StatusOK, map[string]any{"name": v.Name, "role": v.Role, "rights": v.rights, "token": v.token})
}

func (s *Server) apiStatus(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	type contact struct {
		Last     *time.Time `json:"last"`
		Options  int64      `json:"options"`
		Requests int64      `json:"requests"`
	}
	out := struct {
		Node     string   `json:"node"`
		Build    string   `json:"build"`
		Snapshot string   `json:"snapshot"`
		Proxy    *contact `json:"proxy"`
	}{Node: s.o.Node.Name, Build: s.o.Node.Build, Snapshot: s.o.Rules().Version}
	if s.o.Prober != nil {
		c := s.o.Prober.Contact()
		out.Proxy = &contact{Options: c.Options, Requests: c.Requests}
		if !c.Last.IsZero() {
			at := c.Last.UTC()
			out.Proxy.Last = &at
		}
	}
	return s.writeJSON(w, r, http.StatusOK, out)
}
