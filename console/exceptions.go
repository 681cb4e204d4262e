package console

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// exceptionRow is an exception as lists show it.
type exceptionRow struct {
	store.Exception
	Person  person
	AppName string
	What    string // what it lets pass
	Over    bool   // it has run out
	Now     time.Time
}

// exceptionsData is the list of exceptions.
type exceptionsData struct {
	Tabs  []choice
	State string
	Rows  []exceptionRow
	Next  string
}

var exceptionTabs = []struct {
	Name, Text string
	state      store.ExceptionState
}{
	{"pending", "Waiting", store.ExceptionPending},
	{"active", "Active", store.ExceptionActive},
	{"denied", "Denied", store.ExceptionDenied},
	{"revoked", "Revoked", store.ExceptionRevoked},
	{"all", "All", ""},
}

const exceptionPage = 50

func (s *Server) exceptions(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx, q := r.Context(), r.URL.Query()
	waiting, err := s.o.Store.Exceptions(ctx, store.ExceptionFilter{State: store.ExceptionPending, ValidAt: s.now(), Limit: 200})
	if err != nil {
		return err
	}
	d := &exceptionsData{State: q.Get("state")}
	if d.State == "" {
		if d.State = "active"; len(waiting) > 0 {
			d.State = "pending"
		}
	}
	f := store.ExceptionFilter{App: q.Get("app"), Before: q.Get("cursor"), Limit: exceptionPage + 1}
	for _, t := range exceptionTabs {
		c := choice{Text: t.Text, Href: withQuery(q, "state", t.Name), Current: t.Name == d.State}
		if t.Name == "pending" && len(waiting) > 0 {
			c.Count = itoa(int64(len(waiting)))
		}
		if c.Current {
			f.State = t.state
		}
		d.Tabs = append(d.Tabs, c)
	}
	if d.State == "active" || d.State == "pending" {
		f.ValidAt = s.now()
	}
	list, err := s.o.Store.Exceptions(ctx, f)
	if err != nil {
		return err
	}
	if len(list) > exceptionPage {
		list = list[:exceptionPage]
		d.Next = withQuery(q, "state", d.State) + "&cursor=" + list[exceptionPage-1].ID
	}
	if d.Rows, err = s.exceptionRows(ctx, v, list); err != nil {
		return err
	}
	return s.render(w, r, v, "exceptions", page{Title: "Exceptions", Nav: "exceptions", Data: d})
}

func (s *Server) exceptionRows(ctx context.Context, v *visitor, list []store.Exception) ([]exceptionRow, error) {
	names, err := s.naming(ctx, v, each(list, func(x *store.Exception) string { return x.User })...)
	if err != nil {
		return nil, err
	}
	profiles := map[string]string{}
	for _, p := range s.o.Rules().Engine.Profiles() {
		profiles[p.ID] = p.Name
	}
	rows := make([]exceptionRow, len(list))
	for i, x := range list {
		row := exceptionRow{Exception: x, Person: names[x.User], AppName: s.appName(x.App), Now: s.now(), Over: !x.Expires.After(s.now())}
		if x.User == "" && v.can(RightNames) {
			row.Person = person{Name: x.IP}
		}
		gap, isGap := strings.CutPrefix(x.Subject, "gap:")
		switch {
		case isGap:
			row.What = "What could not be inspected: " + words(gap)
		case x.Subject == "app":
			row.What = "The whole app"
		case profiles[x.Subject] != "":
			row.What = profiles[x.Subject]
		default:
			row.What = x.Subject
		}
		rows[i] = row
	}
	return rows, nil
}

// decide approves or denies what a person asked for.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, v *visitor) error {
	note := strings.TrimSpace(r.FormValue("note"))
	if len(note) > maxNote {
		return badInput("A note may have 2,000 characters.")
	}
	var err error
	text := ""
	switch r.FormValue("decision") {
	case "approve":
		err, text = s.o.Store.DecideException(r.Context(), r.PathValue("id"), true, v.Name, note), "Approved. It holds at once, on every node."
	case "deny":
		err, text = s.o.Store.DecideException(r.Context(), r.PathValue("id"), false, v.Name, note), "Denied."
	case "revoke":
		err, text = s.o.Store.RevokeException(r.Context(), r.PathValue("id"), v.Name, note), "Revoked. It ends at once, on every node."
	default:
		return badInput("Choose approve, deny or revoke.")
	}
	if err != nil {
		return err
	}
	return s.back(w, r, "/exceptions", text)
}
