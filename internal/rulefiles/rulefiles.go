// Package rulefiles says which files of a directory that people keep rules in are read.
package rulefiles

import (
	"path"
	"strings"
)

// Is reports names of files that hold rules: *.yaml and *.yml.
func Is(name string) bool { return path.Ext(name) == ".yaml" || path.Ext(name) == ".yml" }

// IsCopy reports names of directories that are passed over: in those that begin with "..",
// Kubernetes keeps a second copy of mounted files.
func IsCopy(dir string) bool { return strings.HasPrefix(dir, "..") }
