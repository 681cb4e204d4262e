package console

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/console/internal/chart"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// explorerPage is the log explorer. Its address holds the question, so that an answer can
// be shared.
type explorerPage struct {
	SQL            string
	Asked          *store.Investigation // a prepared question, or nil
	User, App      string
	Since          string
	Periods        []choice
	Investigations []store.Investigation
	Views          []schemaView
	Table          *gridTable // nil: nothing was asked
	Complaint      string
	Costly         bool // the complaint is that it may take long
	CSV            string
}

type schemaView struct {
	Name, About string
	Columns     []string
}

// gridTable is an answer as the page shows it.
type gridTable struct {
	Columns   []gridColumn
	Rows      [][]gridCell
	Count     int
	Truncated bool
	Took      string
	Chart     template.HTML
}

type gridColumn struct {
	Name   string
	Number bool
}

type gridCell struct {
	Text  string
	Title string // the number that Text tells as a time
	Href  string
}

// shownRows is how many rows the page shows; the CSV file has all.
const shownRows = 200

const exampleSQL = "SELECT user_name, app, COUNT(*) AS requests, SUM(bytes_out) AS bytes_out\nFROM events\nWHERE action = 'block'\nGROUP BY user_name, app\nORDER BY requests DESC\nLIMIT 100"

func (s *Server) explorer(w http.ResponseWriter, r *http.Request, v *visitor) error {
	q := r.URL.Query()
	p := explorerPage{SQL: q.Get("sql"), User: q.Get("user"), App: q.Get("app"), Investigations: store.Investigations()}
	for _, view := range store.Views() {
		p.Views = append(p.Views, schemaView{view.Name, view.About, strings.FieldsFunc(view.Columns, func(c rune) bool { return c == ',' || c == ' ' })})
	}
	p.Asked = investigation(q.Get("ask"))
	p.Since = cmp.Or(q.Get("since"), "7d")
	for _, c := range windowChoices {
		p.Periods = append(p.Periods, choice{Text: c.Text, Href: withQuery(q, "since", c.Name), Current: c.Name == p.Since})
	}
	if p.Asked != nil {
		p.SQL = p.Asked.SQL
	}
	if p.ready() {
		table, err := s.askExplorer(r, v)
		var told *problem
		switch {
		case errors.As(err, &told):
			p.Complaint, p.Costly = told.detail, strings.Contains(told.detail, "expensive")
		case err != nil:
			return err
		default:
			p.Table = grid(table)
			p.CSV = "/explorer.csv?" + q.Encode()
		}
	}
	p.SQL = cmp.Or(p.SQL, exampleSQL)
	return s.render(w, r, v, "explorer", page{Title: "Log explorer", Nav: "explorer", Data: p})
}

// investigation returns the prepared question of an id, or nil.
func investigation(id string) *store.Investigation {
	list := store.Investigations()
	if i := slices.IndexFunc(list, func(x store.Investigation) bool { return x.ID == id }); i >= 0 {
		return &list[i]
	}
	return nil
}

// Needs reports whether the prepared question is about a user or an app.
func (p explorerPage) Needs(what string) bool {
	return p.Asked != nil && slices.Contains(p.Asked.Needs, what)
}

// ready reports whether there is a whole question.
func (p explorerPage) ready() bool {
	return p.SQL != "" && (!p.Needs("user") || p.User != "") && (!p.Needs("app") || p.App != "")
}

// askExplorer runs the question of the address. It runs for a link of this console, or
// one that was pasted, not for one that another site leads to: what is asked is in the
// audit trail under the visitor's name.
func (s *Server) askExplorer(r *http.Request, v *visitor) (store.Table, error) {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return store.Table{}, badInput("Another site led here. Look at the question, then press Run.")
	}
	q := r.URL.Query()
	x := store.Exploration{SQL: q.Get("sql"), Costly: q.Get("costly") != ""}
	id := q.Get("ask")
	if id == "" {
		return s.explore(r.Context(), v, x)
	}
	since, err := parseTime(cmp.Or(q.Get("since"), "7d"), s.now())
	if err != nil {
		return store.Table{}, err
	}
	period := store.Last(time.Hour, s.now())
	period.From = since.UTC()
	question := store.Question{Period: period, User: q.Get("user"), App: q.Get("app"), Names: v.can(RightNames)}
	err = s.o.Store.Audit(r.Context(), store.AuditLine{Actor: v.Name, Action: "explorer.ask", Target: id, After: jsonText(question)})
	if err != nil {
		return store.Table{}, err
	}
	t, err := s.o.Store.Investigate(r.Context(), id, question)
	if errors.Is(err, store.ErrRefused) || errors.Is(err, store.ErrExplorer) {
		return t, badInput(sentence(err))
	}
	return t, err
}

func (s *Server) explorerCSV(w http.ResponseWriter, r *http.Request, v *visitor) error {
	t, err := s.askExplorer(r, v)
	if err != nil {
		return err
	}
	attach(w, "text/csv; charset=utf-8", "sluice-explorer-"+s.now().UTC().Format("20060102-1504")+".csv")
	out := csv.NewWriter(w)
	if err := out.Write(t.Columns); err != nil {
		return s.breakOff(r.Context(), err)
	}
	line := make([]string, len(t.Columns))
	for _, row := range t.Rows {
		for i, cell := range row {
			line[i] = cellText(cell)
			if _, text := cell.(string); text {
				line[i] = event.PlainCell(line[i])
			}
		}
		if err := out.Write(line); err != nil {
			return s.breakOff(r.Context(), err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return s.breakOff(r.Context(), err)
	}
	return nil
}

func cellText(cell any) string {
	switch c := cell.(type) {
	case nil:
		return ""
	case string:
		return c
	case time.Time:
		return c.UTC().Format(time.RFC3339)
	case float64:
		return strconv.FormatFloat(c, 'f', -1, 64)
	}
	return fmt.Sprint(cell)
}

// grid makes an answer fit to be looked at.
func grid(t store.Table) *gridTable {
	g := &gridTable{Count: len(t.Rows), Truncated: t.Truncated, Took: t.Took.Round(100 * time.Microsecond).String(), Chart: timeChart(t)}
	for i, name := range t.Columns {
		c := gridColumn{Name: name}
		if len(t.Rows) > 0 {
			_, isTime := cellTime(t, 0, i)
			c.Number = isNumber(t.Rows[0][i]) && !isTime
		}
		g.Columns = append(g.Columns, c)
	}
	for n, row := range t.Rows[:min(len(t.Rows), shownRows)] {
		cells := make([]gridCell, len(row))
		for i, cell := range row {
			cells[i] = gridCell{Text: cellText(cell)}
			if text, ok := cell.(string); ok && text != "" {
				cells[i].Href = cellHref(t.Columns[i], text)
			}
			if at, ok := cellTime(t, n, i); ok && isNumber(cell) {
				cells[i] = gridCell{Text: at.Format(timeLayouts[t.Columns[i]]), Title: cells[i].Text}
			}
		}
		g.Rows = append(g.Rows, cells)
	}
	return g
}

// timeLayouts are how times are shown that are numbers in the answer, by their columns.
var timeLayouts = map[string]string{
	"hour": "2006-01-02 15:04", "day": "2006-01-02", "ts": instantLayout, "first": instantLayout, "at": instantLayout,
	"created": instantLayout, "expires": instantLayout,
}

const instantLayout = "2006-01-02 15:04:05.000"

// cellHref leads from a value to its page.
func cellHref(column, text string) string {
	switch column {
	case "id", "event":
		return "/events/" + url.PathEscape(text)
	case "app", "stopped_at", "went_to":
		return "/apps/" + url.PathEscape(text)
	case "user_name":
		return "/people/" + url.PathEscape(text)
	}
	return ""
}

func isNumber(cell any) bool {
	switch cell.(type) {
	case int64, float64:
		return true
	}
	return false
}

// chartSteps is how many steps a chart of an answer has.
const chartSteps = 48

// timeChart draws an answer over its first column of times: the first number beside it, or
// how many rows there are.
func timeChart(t store.Table) template.HTML {
	at, number := -1, -1
	for i := range t.Columns {
		if _, ok := cellTime(t, 0, i); ok && at < 0 {
			at = i
		} else if len(t.Rows) > 0 && isNumber(t.Rows[0][i]) && number < 0 {
			number = i
		}
	}
	if at < 0 {
		return ""
	}
	first, _ := cellTime(t, 0, at)
	last := first
	for i := range t.Rows {
		if x, ok := cellTime(t, i, at); ok {
			first, last = minTime(first, x), maxTime(last, x)
		}
	}
	step := last.Sub(first)/chartSteps + time.Second
	for _, round := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, day, 7 * day} {
		if step <= round {
			step = round
			break
		}
	}
	first = first.Truncate(step)
	values := make([]float64, int(last.Sub(first)/step)+1)
	for i, row := range t.Rows {
		x, ok := cellTime(t, i, at)
		if !ok {
			continue
		}
		n := 1.0
		if number >= 0 {
			n = toFloat(row[number])
		}
		values[int(x.Sub(first)/step)] += n
	}
	if len(values) < 2 {
		return ""
	}
	area := chart.Area{ID: "answer", Title: "Rows over " + t.Columns[at], Unit: "rows", Column: "Time", Bars: true, Series: []chart.Series{{Name: "rows", Class: "k-accent", Values: values}}}
	if number >= 0 {
		name := t.Columns[number]
		area.Title, area.Unit, area.Series[0].Name = name+" over "+t.Columns[at], name, name
	}
	for i := range values {
		x := first.Add(time.Duration(i) * step)
		c := chart.Step{Name: x.Format("Mon 2 Jan 15:04"), Tick: x.Format("2 Jan")}
		if step < day {
			c.Tick = x.Format("15:04")
		}
		area.Steps = append(area.Steps, c)
	}
	return area.HTML()
}

// cellTime reads a cell as a time: of a column named for one where the database has no
// type for it (SQLite).
func cellTime(t store.Table, row, column int) (time.Time, bool) {
	if row >= len(t.Rows) {
		return time.Time{}, false
	}
	name := t.Columns[column]
	switch c := t.Rows[row][column].(type) {
	case time.Time:
		return c.UTC(), true
	case string:
		at, err := time.Parse(time.RFC3339Nano, c)
		return at.UTC(), err == nil
	case int64:
		switch {
		case timeLayouts[name] == instantLayout && c > 1e15 && c < 1e17:
			return time.UnixMicro(c).UTC(), true
		case name == "hour" && c > 1e5 && c < 1e7:
			return time.Unix(c*3600, 0).UTC(), true
		case name == "day" && c > 1e4 && c < 1e6:
			return time.Unix(c*86400, 0).UTC(), true
		}
	}
	return time.Time{}, false
}

func toFloat(cell any) float64 {
	switch c := cell.(type) {
	case int64:
		return float64(c)
	case float64:
		return c
	}
	return 0
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func maxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
