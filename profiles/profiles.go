// Package profiles holds the built-in detectors and profiles, each with its own tests.
package profiles

import "embed"

// FS holds the YAML files.
//
//go:embed *.yaml
var FS embed.FS
