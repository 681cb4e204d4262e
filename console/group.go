package console

import (
	"context"
	"net/url"
	"slices"

	"github.com/sluice-dlp/sluice/store"
)

// maxGroups bounds the groups that are offered.
const maxGroups = 200

// groups are those of a period, most requests first.
func (s *Server) groups(ctx context.Context, sp window) ([]store.Share, error) {
	return cached(ctx, s, "groups "+sp.Name+sp.To.String(), func(ctx context.Context) ([]store.Share, error) {
		return s.o.Store.Breakdown(ctx, sp.Period, store.Groups, "", store.ByEvents, maxGroups)
	})
}

// groupUse is what the people of a group did.
func (s *Server) groupUse(ctx context.Context, sp window, group string) (*store.GroupUse, error) {
	return cached(ctx, s, "group "+group+" "+sp.Name+sp.To.String(), func(ctx context.Context) (*store.GroupUse, error) {
		return s.o.Store.GroupUse(ctx, sp.Period, group)
	})
}

// groupChoices fills in what the overview offers beside everybody, by name.
func (s *Server) groupChoices(ctx context.Context, d *overviewData, q url.Values) error {
	d.AllGroups, d.Report = withQuery(q, "group", ""), "/report"+withQuery(q, "since", d.Window.Name)
	groups, err := s.groups(ctx, d.Window)
	if err != nil {
		return err
	}
	names := each(groups, func(g *store.Share) string { return g.Name })
	slices.Sort(names)
	for _, name := range names {
		d.Groups = append(d.Groups, choice{Text: name, Href: withQuery(q, "group", name), Current: name == d.Group})
	}
	return nil
}
