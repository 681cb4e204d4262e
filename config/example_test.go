package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestTheExampleListsTheDefaults(t *testing.T) {
	got, err := Load("../examples/sluice.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Load(write(t, ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	paths := cmpopts.IgnoreFields(File{}, "DataDir", "Keys.File")
	if d := cmp.Diff(want, got, paths, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}
