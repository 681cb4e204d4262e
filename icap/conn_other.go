//go:build !unix

package icap

const pollable = false

func (c *conn) tryReadHead(uintptr) bool { return true }

func (c *conn) tryReadBody(uintptr) bool { return true }

func (c *conn) hungUp() bool { return false }
