package console

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// eventFilters are the parameters of the API that select events.
const eventFilters = "since until app user group action activity detector profile severity status rule country device ip gap matched notable state assignee view q"

// checkEventQuery refuses a filter of a program whose value is none: it would be answered
// with other events than were meant, most often with all or none.
func (s *Server) checkEventQuery(q url.Values) error {
	for key := range q {
		if err := s.checkEventField(key, q.Get(key)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) checkEventField(key, value string) error {
	var known []string
	switch key {
	case "matched", "notable":
		if _, err := strconv.ParseBool(value); err != nil && value != "" {
			return badInput(key + ": want true or false.")
		}
		return nil
	case "view":
		for _, v := range eventViews {
			known = append(known, v.Name)
		}
	case "action":
		for a := policy.Allow; a <= policy.Block; a++ {
			known = append(known, a.String())
		}
	case "status":
		for _, s := range policy.Statuses() {
			known = append(known, string(s))
		}
	case "activity":
		known = classify.Activities()
	case "gap":
		known = []string{"any"}
		for _, g := range policy.Gaps() {
			known = append(known, string(g))
		}
	case "state":
		for _, s := range store.ReviewStates() {
			known = append(known, string(s))
		}
	case "profile":
		if value != "" && !s.o.Rules().Engine.HasProfile(value) {
			return badInput(fmt.Sprintf("profile: there is no profile %q; /api/v1/profiles lists them.", value))
		}
		return nil
	default:
		return nil
	}
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	return badInput(key + ": want one of " + strings.Join(known, ", ") + ".")
}
