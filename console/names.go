package console

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// person is somebody as a visitor may see them.
type person struct {
	Name   string // a name, or "Person 17"
	Key    string // in addresses: the name, or "~17"
	Hidden bool   // Name is a stand-in
}

// Href leads to the person's page.
func (p person) Href() string {
	if p.Key == "" {
		return ""
	}
	return "/people/" + url.PathEscape(p.Key)
}

// nobody is who stands for requests without a name.
var nobody = person{Name: "Unknown"}

// standIn marks a number in place of a name.
const standIn = "~"

// naming returns how v may see the users: by name with the right, else by a number that
// the database keeps and that says nothing outside it.
func (s *Server) naming(ctx context.Context, v *visitor, users ...string) (map[string]person, error) {
	out := make(map[string]person, len(users))
	if v.can(RightNames) {
		for _, u := range users {
			out[u] = person{Name: u, Key: u}
		}
		out[""] = nobody
		return out, nil
	}
	ids, err := s.o.Store.PersonIDs(ctx, users)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		id, ok := ids[u]
		if !ok { // its roll-ups come within a second
			out[u] = person{Name: "Person …", Hidden: true}
			continue
		}
		n := strconv.FormatInt(id, 10)
		out[u] = person{Name: "Person " + n, Key: standIn + n, Hidden: true}
	}
	out[""] = nobody
	return out, nil
}

// userOf returns the name behind a key of an address. A visitor without the right must ask
// by number: asking by name would tell whether a guess is right.
func (s *Server) userOf(ctx context.Context, v *visitor, key string) (string, error) {
	if key == "" {
		return "", nil
	}
	if n, ok := strings.CutPrefix(key, standIn); ok {
		if id, err := strconv.ParseInt(n, 10, 64); err == nil {
			return s.o.Store.PersonName(ctx, id)
		}
	}
	if !v.can(RightNames) {
		return "", errNames
	}
	return key, nil
}

var errNames = &problem{status: 403, title: "Names are hidden", detail: "Your account shows people as numbers. Choose the person from a list, or ask an administrator for the right “names”."}
