// Package config reads sluice.yaml into the options of the other packages.
package config
