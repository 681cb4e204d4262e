package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// historyOf tells a line of the audit trail as a sentence.
func historyOf(l store.AuditLine) historyLine {
	h := historyLine{At: l.At, Who: l.Actor, Text: words(strings.ReplaceAll(l.Action, ".", " "))}
	if l.Action != "event.review" {
		return h
	}
	var before, after store.Review
	if json.Unmarshal([]byte(l.After), &after) != nil {
		return h
	}
	if l.Before != "" && json.Unmarshal([]byte(l.Before), &before) != nil {
		return h
	}
	h.Reason = after.Note
	h.Class = map[store.ReviewState]string{store.ReviewConfirmed: "k-bad", store.ReviewFalsePositive: "k-calm", store.ReviewAccepted: "k-warn", store.ReviewInProgress: "k-accent"}[after.State]
	switch {
	case after.State != before.State:
		h.Text = "marked it " + strings.ToLower(stateName(after.State))
	case after.Assignee != before.Assignee && after.Assignee != "":
		h.Text = "gave it to " + after.Assignee
	default:
		h.Text = "changed the review"
	}
	if after.Note == before.Note {
		h.Reason = ""
	}
	return h
}

// Bounds of what a form of triage may hold.
const (
	maxBulk = 200
	maxNote = 2000
)

func validReason(id string) bool {
	for _, r := range reasons {
		if r.ID == id {
			return true
		}
	}
	return false
}

// review keeps the review of one event, and may mute what is like it.
func (s *Server) review(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx, id := r.Context(), r.PathValue("id")
	e, err := s.o.Store.Event(ctx, id)
	if err != nil && !errors.Is(err, event.ErrDetail) {
		return err
	}
	review := store.Review{
		Event: e.ID, State: store.ReviewState(r.FormValue("state")), Assignee: strings.TrimSpace(r.FormValue("assignee")),
		Reason: r.FormValue("reason"), Note: strings.TrimSpace(r.FormValue("note")), By: v.Name, At: s.now(),
	}
	if review.State == "" {
		review.State = store.ReviewNew
	}
	if len(review.Note) > maxNote || !validReason(review.Reason) {
		return badInput("A note may have 2,000 characters, and the reason must be one of the list.")
	}
	if review.Assignee != "" {
		if _, err := s.o.Store.Account(ctx, review.Assignee); err != nil {
			return badInput("Nobody here is called " + strconv.Quote(review.Assignee) + ".")
		}
	}
	if err := s.setReview(ctx, review); err != nil {
		return err
	}
	text := "Marked as " + strings.ToLower(stateName(review.State)) + "."
	if days := r.FormValue("mute"); days != "" && days != "0" {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 90 || len(e.Matches) == 0 {
			return badInput("A mute lasts 1 to 90 days, and needs a match.")
		}
		m := store.Mute{Detector: e.Matches[0].Detector, Begins: e.Time, Ends: s.now().AddDate(0, 0, n), Reason: review.Reason, By: v.Name}
		switch r.FormValue("mute_for") {
		case "person":
			m.User = e.User
		case "app":
			m.App = e.App.ID
		case "both":
			m.User, m.App = e.User, e.App.ID
		}
		if _, err := s.o.Store.AddMute(ctx, m); err != nil {
			return err
		}
		text += " " + s.detectorName(m.Detector) + " is muted until " + m.Ends.UTC().Format("2 Jan") + "."
	}
	def := "/events/" + e.ID
	if next := r.FormValue("follow"); next != "" && r.FormValue("go") == "next" {
		q, err := url.ParseQuery(r.FormValue("query"))
		if _, ok := event.IDTime(next); err == nil && ok {
			def = "/events/" + url.PathEscape(next) + "?" + q.Encode()
		}
	}
	return s.back(w, r, def, text)
}

func (s *Server) setReview(ctx context.Context, review store.Review) error {
	err := s.o.Store.SetReview(ctx, review)
	if err == nil {
		s.forgetQueue()
	}
	return err
}

// triage gives many events one state; what else their reviews say stays.
func (s *Server) triage(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx := r.Context()
	if err := r.ParseForm(); err != nil {
		return badInput("The form cannot be read.")
	}
	ids := r.PostForm["id"]
	state := store.ReviewState(r.PostForm.Get("state"))
	if len(ids) == 0 || len(ids) > maxBulk {
		return badInput("Select 1 to 200 events.")
	}
	if !slices.Contains([]store.ReviewState{store.ReviewInProgress, store.ReviewConfirmed, store.ReviewFalsePositive, store.ReviewAccepted, store.ReviewNew}, state) {
		return badInput("There is no state " + strconv.Quote(string(state)) + ".")
	}
	before, err := s.o.Store.Reviews(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		review := before[id]
		review.Event, review.State, review.By, review.At = id, state, v.Name, time.Time{}
		if state == store.ReviewInProgress || review.Assignee == "" {
			review.Assignee = v.Name
		}
		if err := s.setReview(ctx, review); err != nil {
			return err
		}
	}
	n, _ := plural(len(ids), "event", "events")
	return s.back(w, r, "/events", n+" marked as "+strings.ToLower(stateName(state))+".")
}

func (s *Server) endMute(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := s.o.Store.EndMute(r.Context(), r.PathValue("id"), v.Name); err != nil {
		return err
	}
	s.forgetQueue()
	return s.back(w, r, "/events?view=triage", "The mute has ended.")
}

func (s *Server) saveView(w http.ResponseWriter, r *http.Request, v *visitor) error {
	q, err := url.ParseQuery(r.FormValue("query"))
	if err != nil {
		return badInput("The filter cannot be read.")
	}
	name := strings.TrimSpace(r.FormValue("name"))
	if name == "" || len(name) > 60 {
		return badInput("A view needs a name of at most 60 characters.")
	}
	x, err := s.o.Store.AddSavedView(r.Context(), store.SavedView{Owner: v.Name, Name: name, Query: q.Encode(), Team: r.FormValue("team") == "1"})
	if err != nil {
		return err
	}
	return s.back(w, r, "/events?"+x.Query, "Saved as “"+name+"”.")
}

func (s *Server) dropView(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := s.o.Store.DropSavedView(r.Context(), r.PathValue("id"), v.Name); err != nil {
		return err
	}
	return s.back(w, r, "/events", "The view is deleted.")
}
