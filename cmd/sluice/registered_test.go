package main

import (
	"os"
	"strings"
	"testing"
)

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRegisteredTableIsFoundAgain(t *testing.T) {
	inDir(t)
	write(t, "customers.csv", "last_name,account,city\nHalvorsen,4417-2290-118,Oslo\nPritchard,8812 345 670,Leeds\n")
	if err := os.Mkdir("own", 0o700); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := sluice(t, "", "profiles", "edm", "build", "customers.csv", "--columns", "last_name,account", "--out", "own/customers.edm")
	if code != exitFine || out != "own/customers.edm: 2 rows, 4 cells\n" {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	hashes, err := os.ReadFile("own/customers.edm")
	if err != nil || strings.Contains(strings.ToLower(string(hashes)), "halvorsen") {
		t.Errorf("the file holds a name: %v", err)
	}
	write(t, "own/own.yaml", "detectors:\n  - id: customer_record\n    exact: {file: customers.edm}\nprofiles: [{id: customers, use: [customer_record]}]\n")
	write(t, "sluice.yaml", "profiles: {dirs: [own]}\n")
	code, out, errOut = sluice(t, "Halvorsen asks about 44172290118", "scan", "-", "--profile", "customers", "--config", "sluice.yaml")
	if code != exitFound || !strings.Contains(out, "customer_record") || !strings.Contains(out, "exact data: 2 columns of one row") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	write(t, "sheet.csv", "\ufeff\"last_name\",\"account\"\r\n\"Halvorsen\",\"4417-2290-118\"\r\n")
	if code, out, errOut = sluice(t, "", "profiles", "edm", "build", "sheet.csv", "--columns", "last_name"); code != exitFine || out != "sheet.edm: 1 row, 1 cell\n" {
		t.Errorf("as spreadsheets save it: exit %d: %s%s", code, out, errOut)
	}
	code, _, errOut = sluice(t, "", "profiles", "edm", "build", "customers.csv", "--columns", "name")
	if code != exitFound || !strings.Contains(errOut, `customers.csv: no column "name"; the heading line has last_name, account, city`) {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

// TestNothingToRegisterOrMeasureIsSaid runs what would go on as if all were well.
func TestNothingToRegisterOrMeasureIsSaid(t *testing.T) {
	inDir(t)
	write(t, "empty", "")
	write(t, "heading.csv", "last_name,account\n")
	write(t, "short.csv", "a,b\n1,2\n")
	cases := map[string]struct {
		args []string
		want string
	}{
		"a table without a heading": {[]string{"profiles", "edm", "build", "empty"}, "empty: the file is empty; want a heading line"},
		"a table without rows":      {[]string{"profiles", "edm", "build", "heading.csv"}, "heading.csv: no row below the heading line"},
		"a table of short cells":    {[]string{"profiles", "edm", "build", "short.csv"}, "short.csv: all cells are too short"},
		"no labelled text":          {[]string{"profiles", "eval", "empty"}, "empty: no labelled text in it"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if code, out, errOut := sluice(t, "", c.args...); code != exitFound || out != "" || !strings.Contains(errOut, c.want) {
				t.Errorf("exit %d: %s%s", code, out, errOut)
			}
		})
	}
	for _, name := range []string{"heading.edm", "short.edm"} {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s is written", name)
		}
	}
	if _, _, errOut := sluice(t, "", "profiles", "test", "empty"); !strings.Contains(errOut, "nothing was tested") {
		t.Errorf("profiles test of nothing: %s", errOut)
	}
}

func TestRegisteredDocumentIsFoundAgain(t *testing.T) {
	inDir(t)
	paper := "The board resolved on Tuesday to sell the northern harbour and both warehouses to the Tallinn consortium for forty million euros. " +
		"Until the announcement in March nobody outside this circle may learn the price, the buyer or the number of redundant posts."
	write(t, "harbour.html", "<html><body><p>"+paper+"</p></body></html>")
	if err := os.Mkdir("own", 0o700); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := sluice(t, "", "profiles", "fingerprint", "add", "harbour.html", "--out", "own/board.fp")
	if code != exitFine || out != "own/board.fp: 1 document added\n" {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	write(t, "own/own.yaml", "detectors:\n  - id: board_paper\n    fingerprint: {file: board.fp, similarity: 0.3}\nprofiles: [{id: board, use: [board_paper]}]\n")
	write(t, "sluice.yaml", "profiles: {dirs: [own]}\n")
	code, out, errOut = sluice(t, "Summarise: "+paper[:140], "scan", "-", "--profile", "board", "--config", "sluice.yaml")
	if code != exitFound || !strings.Contains(out, "board_paper") || !strings.Contains(out, `to document "harbour.html"`) {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
}
