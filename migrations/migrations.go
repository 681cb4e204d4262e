// Package migrations holds the SQL of the schema, one folder a dialect, for goose.
package migrations

import "embed"

// FS holds sqlite/*.sql and postgres/*.sql.
//
//go:embed sqlite postgres
var FS embed.FS
