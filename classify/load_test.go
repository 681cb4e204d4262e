package classify

import "testing"

func TestBuiltinLoads(t *testing.T) {
	if _, err := Load(Builtin()); err != nil {
		t.Fatal(err)
	}
}
