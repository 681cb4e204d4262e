package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/reqmod"
)

// checkFixtures sends the catalogue's example requests down the request path, and reports
// every one in which not that is found which it says.
func checkFixtures(ctx context.Context, h *reqmod.Handler, fixtures []classify.Fixture) error {
	var errs []error
	for _, f := range fixtures {
		r, err := fixtureRequest(f).icap()
		if err != nil {
			errs = append(errs, fmt.Errorf("catalogue: fixture %s: %w", f.File, err))
			continue
		}
		for _, complaint := range compareFixture(f, h.Explain(ctx, r)) {
			errs = append(errs, fmt.Errorf("catalogue: fixture %s: app %q: %s; mend the endpoint's rule or the fixture", f.File, f.App, complaint))
		}
	}
	return errors.Join(errs...)
}

func fixtureRequest(f classify.Fixture) *harRequest {
	r := &harRequest{Method: f.Method, URL: f.URL, raw: f.Body}
	for name, value := range f.Headers {
		r.Headers = append(r.Headers, harPair{name, value})
	}
	return r
}

func compareFixture(f classify.Fixture, x reqmod.Explanation) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	if x.App == nil || x.App.ID != f.App {
		complain("the request is not recognised as of this app")
		return complaints
	}
	if f.Activity != "" && x.Activity != f.Activity {
		complain("activity %s, want %s", x.Activity, f.Activity)
	}
	for i, want := range f.Texts {
		if !slices.ContainsFunc(x.Texts, func(t reqmod.ExplainedText) bool { return t.Role == want.Role && t.Text == want.Text }) {
			complain("text %d (%s) is not found", i, want.Role)
		}
	}
	for i, never := range f.Never {
		if slices.ContainsFunc(x.Texts, func(t reqmod.ExplainedText) bool { return t.Role == "user" && strings.Contains(t.Text, never) }) {
			complain("noise %d is among the user's texts", i)
		}
	}
	for _, want := range f.Files {
		if !slices.ContainsFunc(x.Files, func(got reqmod.ExplainedFile) bool {
			return got.Name == want.Name && (want.SHA256 == "" || got.SHA256 == want.SHA256)
		}) {
			complain("file %q is not found", want.Name)
		}
	}
	return complaints
}
