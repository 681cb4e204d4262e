package console

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// apiExceptionRoutes are what people may do for a time.
func (s *Server) apiExceptionRoutes() []route {
	return []route{
		{pattern: "GET /api/v1/exceptions", query: "user app state valid cursor limit", right: RightView, serve: s.apiExceptions},
		{pattern: "POST /api/v1/exceptions/{id}/decision", right: RightReview, serve: s.apiDecideException},
		{pattern: "DELETE /api/v1/exceptions/{id}", query: "note", right: RightReview, serve: s.apiRevokeException},
	}
}

func (s *Server) apiExceptions(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx, q := r.Context(), r.URL.Query()
	f := store.ExceptionFilter{App: q.Get("app"), State: store.ExceptionState(q.Get("state")), Before: q.Get("cursor")}
	if !slices.Contains(append(store.ExceptionStates(), ""), f.State) {
		return badInput("state: want pending, active, denied or revoked.")
	}
	if _, ok := event.IDTime(f.Before); !ok && f.Before != "" {
		return badInput("cursor: want what \"next\" of the page before said.")
	}
	var err error
	if f.User, err = s.userOf(ctx, v, q.Get("user")); err != nil {
		return err
	}
	if f.Limit, err = queryLimit(q); err != nil {
		return err
	}
	if text := q.Get("valid"); text != "" {
		valid, err := strconv.ParseBool(text)
		if err != nil {
			return badInput("valid: want true or false.")
		}
		if valid {
			f.ValidAt = s.now()
		}
	}
	list, err := s.o.Store.Exceptions(ctx, f)
	if err != nil {
		return err
	}
	names, err := s.naming(ctx, v, each(list, func(x *store.Exception) string { return x.User })...)
	if err != nil {
		return err
	}
	next := ""
	if len(list) == f.Limit {
		next = list[len(list)-1].ID
	}
	for i := range list {
		list[i].User = names[list[i].User].Key
		if !v.can(RightNames) {
			list[i].IP = ""
		}
	}
	return writeList(s, w, r, list, next)
}

func (s *Server) apiDecideException(w http.ResponseWriter, r *http.Request, v *visitor) error {
	var in struct {
		Approve *bool  `json:"approve"`
		Note    string `json:"note"`
	}
	if err := readJSON(r, maxJSON, &in); err != nil {
		return err
	}
	if in.Approve == nil {
		return badInput("approve: want true or false.")
	}
	if err := s.o.Store.DecideException(r.Context(), r.PathValue("id"), *in.Approve, v.Name, in.Note); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) apiRevokeException(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := s.o.Store.RevokeException(r.Context(), r.PathValue("id"), v.Name, r.URL.Query().Get("note")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
