package dlp_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sluice-dlp/sluice/dlp"
)

// engine compiles rules written in a test.
func engine(t testing.TB, files map[string]string, key []byte) (*dlp.Engine, error) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	rules, err := dlp.Load(fsys)
	if err != nil {
		return nil, err
	}
	return dlp.New(rules, dlp.Options{Key: key})
}

func scanText(t testing.TB, e *dlp.Engine, text string) []dlp.Finding {
	t.Helper()
	report := e.Scan(context.Background(), dlp.Query{}, dlp.Text{Data: []byte(text)})
	if !report.Complete {
		t.Fatalf("scan cut short: %s", report.Limit)
	}
	return report.Findings
}

const exactRules = `
detectors:
  - id: customer_record
    tags: [pii]
    exact: {file: customers.edm, columns: [last_name, account], require: 2, within: 60}
    tests:
      match: ["Halvorsen has account 4417-2290-118"]
      clean: ["Halvorsen", "4417-2290-118"]
profiles: [{id: customers, use: [customer_record]}]
`

func TestExactDataIsFoundByColumnsOfOneRow(t *testing.T) {
	key := bytes.Repeat([]byte{3}, 32)
	var file bytes.Buffer
	csv := "first_name,last_name,account\nAmara,Halvorsen,4417-2290-118\nJoel,Pritchard,8812 345 670\n"
	stats, err := dlp.BuildEDM(&file, strings.NewReader(csv), key, []string{"last_name", "account"})
	if err != nil || stats.Rows != 2 || stats.Cells != 4 {
		t.Fatalf("%+v, %v", stats, err)
	}
	files := map[string]string{"r.yaml": exactRules, "customers.edm": file.String()}
	e, err := engine(t, files, key)
	if err != nil {
		t.Fatal(err)
	}
	text := "Write to Mr. PRITCHARD about account 8812345670, please."
	fs := scanText(t, e, text)
	if len(fs) != 1 || text[fs[0].Start:fs[0].End] != "PRITCHARD about account 8812345670" ||
		fs[0].Evidence[0] != "exact data: 2 columns of one row" || strings.Contains(fs[0].Masked, "8812") {
		t.Errorf("got %+v", fs)
	}
	if fs := scanText(t, e, "Pritchard and 4417 2290 118"); len(fs) != 0 {
		t.Errorf("columns of different rows: %+v", fs)
	}
	if _, err := engine(t, files, make([]byte, 32)); err == nil || !errors.Is(err, dlp.ErrProfile) ||
		!strings.Contains(err.Error(), `r.yaml:3: detector "customer_record": made with another key`) {
		t.Errorf("another key: %v", err)
	}
	files["r.yaml"] = strings.Replace(exactRules, `["Halvorsen has`, `["Halvorssen has`, 1)
	if _, err := engine(t, files, key); err == nil || !strings.Contains(err.Error(), "r.yaml:7: detector \"customer_record\": its match test 1 finds nothing") {
		t.Errorf("a failing test: %v", err)
	}
}

func TestExactDataMistakesNameTheRemedy(t *testing.T) {
	var file bytes.Buffer
	if _, err := dlp.BuildEDM(&file, strings.NewReader("last_name,account\nLee,123456\n"), make([]byte, 32), nil); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct{ exact, want string }{
		"a column of another name": {"{file: c.edm, columns: [lastname]}", `exact: no column "lastname" in the file (did you mean "last_name"?)`},
		"more than there is":       {"{file: c.edm, require: 3}", "exact: require is 3 of 2 columns; lower it"},
		"a file that is not there": {"{file: d.edm}", "exact.file: "},
		"no file":                  {"{require: 2}", "exact has no file; build one with `sluice profiles edm build FILE.csv`"},
		"a file of another kind":   {"{file: r.yaml}", "exact.file: damaged or of another kind; build it again with `sluice profiles edm build`"},
	}
	for name, c := range cases {
		rules := "detectors:\n  - id: x\n    exact: " + c.exact + "\n"
		_, err := engine(t, map[string]string{"r.yaml": rules, "c.edm": file.String()}, make([]byte, 32))
		if err == nil || !strings.Contains(err.Error(), `r.yaml:3: detector "x": `+c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// paper is a made-up document.
var paper = strings.Join([]string{
	"The board resolved on Tuesday to sell the northern harbour and both warehouses to the Tallinn consortium for forty million euros.",
	"Until the announcement in March nobody outside this circle may learn the price, the buyer or the number of redundant posts.",
	"Our auditors expect a write-down of the old cranes, while the dredging contract moves to the buyer with all its obligations.",
	"Staff councils will be told one day before the press, and the bridge loan from Riga must be repaid out of the first instalment.",
}, "\n")

func TestPartialCopyOfADocumentIsFound(t *testing.T) {
	key := make([]byte, 32)
	file, err := dlp.AddFingerprint(nil, "harbour.docx", []byte(paper), key)
	if err != nil {
		t.Fatal(err)
	}
	rules := "detectors:\n  - id: board_paper\n    severity: critical\n    fingerprint: {file: b.fp, similarity: 0.3}\nprofiles: [{id: board, use: [board_paper]}]\n"
	e, err := engine(t, map[string]string{"r.yaml": rules, "b.fp": string(file)}, key)
	if err != nil {
		t.Fatal(err)
	}
	half := paper[:len(paper)/2]
	fs := scanText(t, e, "Please shorten:\n"+strings.ToUpper(half)+"\nThanks!")
	if len(fs) != 1 || fs[0].Detector != "board_paper" || !strings.Contains(fs[0].Evidence[0], `to document "harbour.docx"`) {
		t.Fatalf("got %+v", fs)
	}
	if strings.Trim(fs[0].Masked, "•") != "" {
		t.Errorf("the mask shows text: %s", fs[0].Masked)
	}
	if fs := scanText(t, e, "The board met on Tuesday. Cranes are useful in any harbour, and warehouses too."); len(fs) != 0 {
		t.Errorf("other text: %+v", fs)
	}
	for ratio, want := range map[string]string{"0": "similarity is 0; want more than 0 and at most 1", "high": `similarity is "high"; want a number`} {
		_, err := engine(t, map[string]string{"r.yaml": strings.Replace(rules, "0.3", ratio, 1), "b.fp": string(file)}, key)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("similarity %s: %v", ratio, err)
		}
	}
}
