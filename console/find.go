package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/event"
)

// found is one answer of the search.
type found struct {
	Title string `json:"title"`
	Note  string `json:"note"`
	Href  string `json:"href"`
}

// findData is the page of the search without script.
type findData struct {
	Q    string
	List []found
}

// findMax bounds the answers of each kind.
const findMax = 6

// find answers what somebody looks for: an app, a person, an event by its id. The palette
// asks it for JSON.
func (s *Server) find(w http.ResponseWriter, r *http.Request, v *visitor) error {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	d := &findData{Q: q, List: []found{}}
	if len(q) > 100 {
		return badInput("That is too long to look for.")
	}
	if q != "" {
		if err := s.findAll(r, v, d); err != nil {
			return err
		}
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		return s.writeJSON(w, r, http.StatusOK, d.List)
	}
	return s.render(w, r, v, "find", page{Title: "Search", Data: d})
}

func (s *Server) findAll(r *http.Request, v *visitor, d *findData) error {
	if _, ok := event.IDTime(strings.ToLower(d.Q)); ok {
		d.List = append(d.List, found{"Event " + d.Q, "event", "/events/" + strings.ToLower(d.Q)})
	}
	text := strings.ToLower(d.Q)
	var apps, within []found // names that begin with the text come first
	for _, app := range s.o.Rules().Catalogue.Apps() {
		one := found{app.Name, app.Vendor + " · " + categoryName(app.Category), "/apps/" + app.ID}
		switch name := strings.ToLower(app.Name); {
		case strings.HasPrefix(name, text):
			apps = append(apps, one)
		case strings.Contains(name, text) || strings.HasPrefix(app.ID, text):
			within = append(within, one)
		}
	}
	slices.SortStableFunc(apps, func(a, b found) int { return cmp.Compare(len(a.Title), len(b.Title)) })
	apps = append(apps, within...)
	d.List = append(d.List, apps[:min(len(apps), findMax)]...)
	if v.can(RightNames) {
		names, err := s.o.Store.FindPeople(r.Context(), d.Q, findMax)
		if err != nil {
			return err
		}
		if err := s.auditNames(r.Context(), v, names); err != nil {
			return err
		}
		for _, name := range names {
			d.List = append(d.List, found{name, "person", person{Key: name}.Href()})
		}
	}
	d.List = append(d.List, found{"Events with “" + d.Q + "”", "events", "/events" + withQuery(nil, "q", d.Q) + "&view=all"})
	return nil
}
