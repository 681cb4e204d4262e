package reqmod

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/extract"
	"github.com/sluice-dlp/sluice/policy"
)

// Sources are what a snapshot is made of.
type Sources struct {
	Catalogue *classify.Catalogue
	Engine    *dlp.Engine
	Policy    *policy.Policy           // nil: the defaults
	Statuses  map[string]policy.Status // by app id; wins over the catalogue's initial status
	Build     string                   // of the binary
}

// Rules is one immutable snapshot of catalogue, profiles, policy and approval statuses.
// The zero Rules knows no apps.
type Rules struct {
	catalogue *classify.Catalogue
	engine    *dlp.Engine
	policy    *policy.Policy
	statuses  map[string]policy.Status
	extract   map[*classify.Endpoint]*extract.Rule
	version   string
	plain     plainNames
}

// NewRules compiles a snapshot. Its error joins every endpoint that cannot be compiled.
func NewRules(s Sources) (*Rules, error) {
	if s.Catalogue == nil || s.Engine == nil {
		return nil, errors.New("rules: catalogue and engine are required")
	}
	if s.Policy == nil {
		s.Policy = policy.Default()
	}
	r := &Rules{
		catalogue: s.Catalogue, engine: s.Engine, policy: s.Policy,
		statuses: maps.Clone(s.Statuses), extract: map[*classify.Endpoint]*extract.Rule{},
	}
	var mistakes []error
	for _, e := range s.Catalogue.Endpoints() {
		rule, err := extract.CompileRule(extract.RuleSpec{
			Activity: e.Activity, Carrier: e.Carrier, Text: e.Text, Role: e.Role,
			System: e.System, Context: e.Context, Files: e.Files, Noise: e.Noise,
		})
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: endpoint %s: %w", e.Source, e.Path, err))
			continue
		}
		r.extract[e] = rule
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%s\n%s\n%s\n", s.Build, s.Catalogue.Version(), s.Engine.Version(), s.Policy.Version())
	for _, app := range slices.Sorted(maps.Keys(r.statuses)) {
		fmt.Fprintf(hash, "%s=%s\n", app, r.statuses[app])
	}
	r.version = hex.EncodeToString(hash.Sum(nil)[:12])
	return r, nil
}

// Version is a hash of everything in the snapshot and of the build.
func (r *Rules) Version() string {
	if r.version == "" {
		return "none"
	}
	return r.version
}

// status returns the approval status of an app.
func (r *Rules) status(app *classify.App) policy.Status {
	if s, ok := r.statuses[app.ID]; ok {
		return s
	}
	return policy.Status(app.Status).OrUnreviewed()
}
