// Package notify tells people about events by webhook and mail.
package notify
