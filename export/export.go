// Package export sends events to the outside in OCSF: syslog, HTTP and files.
package export
