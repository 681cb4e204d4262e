//go:build race

package extract_test

import "time"

// mayTake is what no file may take longer than: the race detector is ten times slower.
const mayTake = 70 * time.Second
