package console

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// checkEventQuery refuses a filter of a program that none is: it would be answered with other
// events than were meant, most often with all.
func checkEventQuery(q url.Values) error {
	for key, given := range q {
		if len(given) != 1 {
			return badInput(key + " is given more than once.")
		}
		if err := checkEventField(key, given[0]); err != nil {
			return err
		}
	}
	return nil
}

func checkEventField(key, value string) error {
	var known []string
	switch key {
	case "cursor", "limit", "format":
		return nil
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
		known = []string{"prompt", "upload", "other", "session"}
	case "state":
		for _, s := range store.ReviewStates() {
			known = append(known, string(s))
		}
	default:
		for _, f := range filterFields {
			if f.Key == key {
				return nil
			}
		}
		return badInput(fmt.Sprintf("There is no filter %q.", key))
	}
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	return badInput(key + ": want one of " + strings.Join(known, ", ") + ".")
}
