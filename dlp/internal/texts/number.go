package texts

import (
	"os"
	"strconv"
	"testing"
)

// Number returns what an environment variable tells a test to do, such as how many texts to
// make; where it is not set, otherwise.
func Number(t testing.TB, name string, otherwise int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
