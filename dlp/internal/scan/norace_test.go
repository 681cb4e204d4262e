//go:build !race

package scan

// raceDetector says whether the race detector runs.
const raceDetector = false
