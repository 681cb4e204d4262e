package event

import (
	"strconv"
	"strings"
	"time"
)

// CSVColumns returns the headings of events as CSV, wherever they are exported.
func CSVColumns() []string {
	return []string{
		"time", "id", "user", "groups", "app", "status", "activity", "action", "rule", "detectors", "found", "gaps",
		"source_ip", "country", "method", "host", "path", "bytes_out", "bytes_in", "latency_us", "node",
	}
}

// CSVRow returns the cells of the event below [CSVColumns]. Several values of a cell are divided
// by blanks; found has masks.
func (e *Event) CSVRow() []string {
	var detectors, found []string
	for i := range e.Matches {
		detectors = append(detectors, e.Matches[i].Detector)
		found = append(found, e.Matches[i].Masked...)
	}
	row := []string{
		e.Time.UTC().Format(time.RFC3339), e.ID, e.User, strings.Join(e.Groups, " "), e.App.ID, e.App.Status, e.Activity,
		e.Decision.Action, e.Decision.Rule, strings.Join(detectors, " "), strings.Join(found, " "), strings.Join(e.Gaps, " "),
		e.Source.IP, e.Source.Country, e.Method, e.Host, e.Path,
		strconv.FormatInt(e.BytesOut, 10), strconv.FormatInt(e.BytesIn, 10), strconv.FormatInt(e.LatencyUS, 10), e.Node,
	}
	for i := range row {
		row[i] = PlainCell(row[i])
	}
	return row
}

// PlainCell keeps a spreadsheet from running a cell that a stranger chose as a formula.
func PlainCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
