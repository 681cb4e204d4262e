// Package console is the security team's web console and HTTP API, and the pages an
// employee is sent to.
package console
