package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/config"
)

const defaultConfig = "sluice.yaml"

// settings loads the file that --config names, or sluice.yaml where it exists.
func (a *app) settings(cmd *cobra.Command) (*config.File, error) {
	path := a.configPath
	if path == "" {
		if _, err := os.Stat(defaultConfig); !errors.Is(err, fs.ErrNotExist) {
			path = defaultConfig
		}
	}
	return config.Load(path, cmd.Flags())
}

// logger returns the log that settings ask for, on standard error.
func logger(cmd *cobra.Command, f *config.File) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(f.Log.Level)) // config has checked the name
	o := &slog.HandlerOptions{Level: level}
	if f.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), o))
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), o))
}
