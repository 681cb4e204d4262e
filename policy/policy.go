// Package policy decides what happens to one request. It does no I/O, reads no clock,
// imports nothing of this module, and cannot fail at request time.
//
// A [Policy] is read from a file by [Parse]. [Policy.Plan] evaluates its conditions on the
// [Facts] of a request and says which profiles the scan has to look for; [Plan.Decide]
// turns what the scan found, and what could not be inspected, into a [Decision].
package policy
