package dlp_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp"
)

// finds reports whether a detector finds exactly value in text.
func finds(e *dlp.Engine, text, value, detector string) bool {
	report := e.Scan(context.Background(), dlp.Query{}, dlp.Text{Data: []byte(text)})
	return slices.ContainsFunc(report.Findings, func(f dlp.Finding) bool {
		return f.Detector == detector && text[f.Start:f.End] == value
	})
}

// What is next to a value counts: its own label, or that of its list, and not the label of
// the number beside it.
func TestLabelsBelongToTheirValues(t *testing.T) {
	e := builtin(t)
	cases := map[string]struct {
		text, value, detector string
		want                  bool
	}{
		"another number's label behind":        {"SSN: 515-06-9705 / EIN: 82-1026499", "515-06-9705", "us_ssn", true},
		"and before":                           {"EIN 82-1026499, SSN 515-06-9705", "515-06-9705", "us_ssn", true},
		"on the next line":                     {"ssn: 515-06-9705\nrouting: 111000025", "515-06-9705", "us_ssn", true},
		"its own that speaks against it":       {"SSN department, part 515-06-9705", "515-06-9705", "us_ssn", false},
		"nearer than its own":                  {"SSN? No, part no. 515-06-9705", "515-06-9705", "us_ssn", false},
		"the second of a list":                 {"SSNs, all of people whom we paid in March: 515069705, Ada Bell 586260142", "586260142", "us_ssn", true},
		"a label that ends a list":             {"SSNs, all of people whom we paid in March: 515069705, Ada No: 586260142", "586260142", "us_ssn", false},
		"a column that speaks against a value": {"date,order_id,amount\n" + strings.Repeat("1.2.,4956511913338275,12\n", 9), "4956511913338275", "credit_card", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := finds(e, c.text, c.value, c.detector); got != c.want {
				t.Errorf("found: %v, want %v", got, c.want)
			}
		})
	}
}

// Far down a table only the heading of its column says what a number is.
func TestHeadingsOfColumnsAreContext(t *testing.T) {
	e := builtin(t)
	rows := func(head, row, value string) string {
		return "Please check:\n" + head + "\n" + strings.Repeat(row+"\n", 40) + strings.Replace(row, "-", value, 1) + "\nthanks"
	}
	cases := map[string]struct {
		text, value, detector string
		want                  bool
	}{
		"commas":                      {rows("name,ssn,amount", "Ada,-,120", "515069705"), "515069705", "us_ssn", true},
		"another column's heading":    {rows("ssn,amount,city", "-,120,Oslo", ""), "120", "us_ssn", false},
		"a column that says less":     {rows("name,order,amount", "Ada,-,120", "515069705"), "515069705", "us_ssn", false},
		"tabs":                        {rows("name\tBSN", "Ada\t-", "111222333"), "111222333", "nl_bsn", true},
		"a Markdown table":            {rows("| name | tax file number |\n|---|---|", "| Ada | - |", "123456782"), "123456782", "au_tfn", true},
		"semicolons":                  {rows("Name;Steuer-ID;Betrag", "Ada;-;1,5", "36574261809"), "36574261809", "de_tax_id", true},
		"rows of other shapes":        {"name,ssn\n1,2,3\nAda," + strings.Repeat("x", 80) + "515069705\n", "515069705", "us_ssn", false},
		"the word in no heading line": {strings.Repeat("a,b\n", 30) + "Ada,515069705\n", "515069705", "us_ssn", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := finds(e, c.text, c.value, c.detector); got != c.want {
				t.Errorf("found: %v, want %v", got, c.want)
			}
		})
	}
}
