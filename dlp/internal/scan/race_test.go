//go:build race

package scan

// raceDetector makes sync.Pool drop what it is given at random.
const raceDetector = true
