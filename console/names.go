package console

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluice-dlp/sluice/store"
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

// naming returns how v may see the users: by name with the right, which the audit trail
// tells, else by a number that the database keeps and that says nothing outside it.
func (s *Server) naming(ctx context.Context, v *visitor, users ...string) (map[string]person, error) {
	out := make(map[string]person, len(users))
	if v.can(RightNames) {
		if err := s.auditNames(ctx, v, users); err != nil {
			return nil, err
		}
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

// each returns one string of every element, as its name or id.
func each[T any](list []T, of func(*T) string) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = of(&list[i])
	}
	return out
}

// namesShown remembers whose names an account has seen of late, so that the audit trail
// says it once an hour and not with every page.
type namesShown struct {
	mu   sync.Mutex
	seen map[shownName]time.Time
}

// shownName is an account and a person whose name it saw.
type shownName struct{ account, user string }

const (
	namesAgain = time.Hour // after it, the same name to the same account is a new line
	namesMax   = 1 << 16   // names remembered; beyond, lines come more often
	namesLine  = 500       // people in a line
)

// fresh returns the users, each once, that account has not seen since an hour before now.
func (n *namesShown) fresh(account string, users []string, now time.Time) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []string
	for _, u := range users {
		last, known := n.seen[shownName{account, u}]
		if u != "" && (!known || now.Sub(last) >= namesAgain) && !slices.Contains(list, u) {
			list = append(list, u)
		}
	}
	return list
}

func (n *namesShown) note(account string, users []string, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil || len(n.seen)+len(users) > namesMax {
		n.seen = map[shownName]time.Time{}
	}
	for _, u := range users {
		n.seen[shownName{account, u}] = now
	}
}

// auditNames writes down, before v sees them, whose names those are: as numbers, for the
// audit trail cannot be changed when a person is forgotten.
func (s *Server) auditNames(ctx context.Context, v *visitor, users []string) error {
	now := s.now()
	fresh := s.named.fresh(v.Name, users, now)
	if len(fresh) == 0 {
		return nil
	}
	ids, err := s.o.Store.PersonIDs(ctx, fresh)
	if err != nil {
		return err
	}
	numbers := make([]string, len(fresh))
	for i, u := range fresh {
		numbers[i] = standIn // not rolled up yet
		if id, ok := ids[u]; ok {
			numbers[i] += strconv.FormatInt(id, 10)
		}
	}
	for part := range slices.Chunk(numbers, namesLine) {
		if err := s.o.Store.Audit(ctx, store.AuditLine{Actor: v.Name, Action: "person.names", Target: "names", After: jsonText(part)}); err != nil {
			return err
		}
	}
	s.named.note(v.Name, fresh, now)
	return nil
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
