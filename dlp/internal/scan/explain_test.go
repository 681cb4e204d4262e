package scan

import "testing"

func TestExplain(t *testing.T) {
	names, exprs := patternList(t)
	var ps []Pattern
	for _, e := range exprs {
		ps = append(ps, Pattern{Expr: e})
	}
	db, err := Compile(ps, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		t.Logf("%-20s %s", name, db.Explain(i))
	}
	t.Logf("%d slots, %d keys", len(db.plan.slots), len(db.plan.keys.entries))
	if n := len(db.Unanchored()); n > 0 {
		t.Errorf("%d patterns have no anchor", n)
	}
}
