//go:build !race

package extract_test

import "time"

// mayTake is what no file may take longer than: its limit and some grace.
const mayTake = 7 * time.Second
