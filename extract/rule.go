package extract

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// target says what a route of a rule leads to.
type target uint8

const (
	toUser target = iota + 1
	toSystem
	toContext
	toFile
	toNoise
	toRole
)

// decoding is what one step of a route does.
type decoding uint8

const (
	stepJSON decoding = iota
	stepForm
	stepPart
	stepQuery
	stepConnect
	stepProtobuf
	stepRaw
	stepBase64
)

// step is one decoding: of a named field, or of a value and then a path into it.
type step struct {
	does decoding
	name string
	path jsontree.Path
}

// route is one way through the layers of a body.
type route struct {
	to    target
	steps []step
}

// next returns the route after its first step.
func (r route) next() route { return route{r.to, r.steps[1:]} }

const (
	maxRoutes = 64 // of one rule
	maxSteps  = 8  // of one route
)

// compile compiles the alternatives of one field.
func (r *Rule) compile(field, s string, to target) error {
	for alternative := range strings.SplitSeq(s, "|") {
		alternative = strings.TrimSpace(alternative)
		if alternative == "" {
			if strings.TrimSpace(s) == "" {
				return nil
			}
			return fmt.Errorf("%s: an alternative around | is empty in %q", field, s)
		}
		steps, err := compileSteps(alternative)
		if err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
		r.routes = append(r.routes, route{to, steps})
		if len(r.routes) > maxRoutes {
			return fmt.Errorf("%s: more than %d routes in one rule", field, maxRoutes)
		}
	}
	return nil
}

func compileSteps(s string) ([]step, error) {
	var steps []step
	for i, part := range strings.Split(s, ">") {
		st, err := compileStep(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("step %d of %q: %w", i+1, s, err)
		}
		first := i == 0
		if whole := st.does == stepForm || st.does == stepPart || st.does == stepQuery || st.does == stepConnect; whole && !first {
			return nil, fmt.Errorf("step %d of %q: %q can only come first", i+1, s, part)
		}
		steps = append(steps, st)
		if len(steps) > maxSteps {
			return nil, fmt.Errorf("%q: more than %d steps", s, maxSteps)
		}
	}
	return steps, nil
}

func compileStep(s string) (step, error) {
	prefix, rest, has := strings.Cut(s, ":")
	if !has || strings.ContainsAny(prefix, ".[*") {
		switch s {
		case "":
			return step{}, errors.New("nothing stands here")
		case "json":
			return step{does: stepJSON}, nil
		case "connect":
			return step{does: stepConnect}, nil
		case "pb":
			return step{does: stepProtobuf}, nil
		case "raw":
			return step{does: stepRaw}, nil
		case "b64":
			return step{does: stepBase64}, nil
		}
		p, err := jsontree.ParsePath(s)
		return step{does: stepJSON, path: p}, err
	}
	named := map[string]decoding{"form": stepForm, "part": stepPart, "query": stepQuery}
	switch prefix {
	case "json", "pb":
		p, err := jsontree.ParsePath(rest)
		st := step{does: stepJSON, path: p}
		if prefix == "pb" {
			st.does = stepProtobuf
		}
		return st, err
	case "form", "part", "query":
		if rest == "" {
			return step{}, fmt.Errorf("%q: the name of the field is missing", s)
		}
		return step{does: named[prefix], name: rest}, nil
	}
	return step{}, fmt.Errorf("%q: unknown prefix (want json, form, part, query or pb)", prefix)
}

func (r *Rule) check(s RuleSpec) error {
	var errs []error
	if !slices.Contains([]string{"", "prompt", "upload", "session", "other"}, s.Activity) {
		errs = append(errs, fmt.Errorf("activity: %q is none of prompt, upload, session, other", s.Activity))
	}
	if !slices.Contains([]string{"", "json", "form", "multipart", "raw", "query", "connect", "protobuf", "none"}, s.Carrier) {
		errs = append(errs, fmt.Errorf("carrier: %q is none of json, form, multipart, raw, query, connect, protobuf, none", s.Carrier))
	}
	for _, f := range []struct {
		name, value string
		to          target
	}{
		{"noise", s.Noise, toNoise},
		{"files", s.Files, toFile},
		{"system", s.System, toSystem},
		{"context", s.Context, toContext},
		{"text", s.Text, toUser},
		{"role", s.Role, toRole},
	} {
		if err := r.compile(f.name, f.value, f.to); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// textRoutes reports whether the rule says where the user's text is.
func (r *Rule) textRoutes() bool {
	return r != nil && slices.ContainsFunc(r.routes, func(x route) bool { return x.to == toUser })
}
