package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

// limit is the value of a flag that says how many lines are printed at most.
type limit struct {
	n     *int
	least int
}

// limitVar adds --limit to flags: a whole number, from least on.
func limitVar(flags *pflag.FlagSet, n *int, usual, least int, usage string) {
	*n = usual
	flags.Var(limit{n, least}, "limit", usage)
}

func (l limit) String() string { return strconv.Itoa(*l.n) }
func (l limit) Type() string   { return "int" }

func (l limit) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < l.least {
		return fmt.Errorf("want a whole number, %d or more", l.least)
	}
	*l.n = n
	return nil
}
