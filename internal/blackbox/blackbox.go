// Package blackbox starts the real binary with real peers (Squid, Postgres, SDK clients,
// origins) and asserts what a user would see.
package blackbox
