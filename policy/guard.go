package policy

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// guard is the part of a condition that needs no interpreter: comparisons of variables
// with constants, joined by and, or, not. It cannot fail. Because CEL's "false && x" is
// false whatever x is, errors too, a false guard settles its conjunction.
type guard struct {
	test     func(*Facts) bool
	uses     *variable // the one variable it compares, nil for several
	mentions []mention // what it compares
	open     bool      // it also asks what comparing does not settle, as startsWith does
}

// mention is a variable and the constants it is compared with.
type mention struct {
	of      *variable
	words   []string
	numbers []int64
}

// guardOf compiles e; ok is false when it needs the interpreter.
func (v *vocabulary) guardOf(e ast.Expr) (g guard, ok bool) {
	if e.Kind() == ast.LiteralKind {
		b, isBool := e.AsLiteral().(types.Bool)
		return guard{test: func(*Facts) bool { return bool(b) }}, isBool
	}
	if e.Kind() != ast.CallKind {
		return guard{}, false
	}
	call := e.AsCall()
	args := call.Args()
	if call.IsMemberFunction() {
		if len(args) != 1 {
			return guard{}, false
		}
		return v.member(call.FunctionName(), call.Target(), args[0])
	}
	switch call.FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr:
		return v.logical(call.FunctionName() == operators.LogicalAnd, args)
	case operators.LogicalNot:
		inner, ok := v.guardOf(args[0])
		return guard{test: func(f *Facts) bool { return !inner.test(f) }, uses: inner.uses, mentions: inner.mentions, open: inner.open}, ok
	case operators.Equals, operators.NotEquals:
		return v.equality(call.FunctionName() == operators.Equals, args[0], args[1])
	case operators.In:
		return v.membership(args[0], args[1])
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return v.order(call.FunctionName(), args[0], args[1])
	}
	return guard{}, false
}

func (v *vocabulary) logical(and bool, args []ast.Expr) (guard, bool) {
	tests := make([]func(*Facts) bool, len(args))
	all := guard{test: func(f *Facts) bool {
		for _, test := range tests {
			if test(f) != and {
				return !and
			}
		}
		return and
	}}
	for i, arg := range args {
		g, ok := v.guardOf(arg)
		if !ok {
			return guard{}, false
		}
		tests[i] = g.test
		all.mentions, all.open = append(all.mentions, g.mentions...), all.open || g.open
	}
	return all, true
}

func (v *vocabulary) equality(equal bool, a, b ast.Expr) (guard, bool) {
	if v.variableOf(a) == nil {
		a, b = b, a
	}
	x := v.variableOf(a)
	if x == nil {
		return guard{}, false
	}
	if x.text != nil {
		word, ok := textOf(b)
		return guard{test: func(f *Facts) bool { return (x.text(f) == word) == equal }, uses: x, mentions: []mention{{of: x, words: []string{word}}}}, ok
	}
	if x.number != nil {
		n, ok := intOf(b)
		return guard{test: func(f *Facts) bool { return (x.number(f) == n) == equal }, uses: x, mentions: []mention{{of: x, numbers: []int64{n}}}}, ok
	}
	return guard{}, false
}

// membership compiles `app.id in ["a", "b"]` and `"a" in user.groups`.
func (v *vocabulary) membership(item, list ast.Expr) (guard, bool) {
	if x := v.variableOf(list); x != nil && x.list != nil {
		word, ok := textOf(item)
		return guard{test: func(f *Facts) bool { return slices.Contains(x.list(f), word) }, uses: x, mentions: []mention{{of: x, words: []string{word}}}}, ok
	}
	x := v.variableOf(item)
	if x == nil || x.text == nil || list.Kind() != ast.ListKind || len(list.AsList().OptionalIndices()) > 0 {
		return guard{}, false
	}
	words := []string{}
	for _, element := range list.AsList().Elements() {
		word, ok := textOf(element)
		if !ok {
			return guard{}, false
		}
		words = append(words, word)
	}
	return guard{test: func(f *Facts) bool { return slices.Contains(words, x.text(f)) }, uses: x, mentions: []mention{{of: x, words: words}}}, true
}

func (v *vocabulary) member(function string, target, arg ast.Expr) (guard, bool) {
	x := v.variableOf(target)
	word, ok := textOf(arg)
	if x == nil || x.text == nil || !ok {
		return guard{}, false
	}
	var test func(s, part string) bool
	switch function {
	case "startsWith":
		test = strings.HasPrefix
	case "endsWith":
		test = strings.HasSuffix
	case "contains":
		test = strings.Contains
	default:
		return guard{}, false
	}
	return guard{test: func(f *Facts) bool { return test(x.text(f), word) }, uses: x, open: true}, true
}

func (v *vocabulary) order(operator string, a, b ast.Expr) (guard, bool) {
	x := v.variableOf(a)
	n, ok := intOf(b)
	if x == nil || x.number == nil || !ok {
		return guard{}, false
	}
	var test func(have, want int64) bool
	switch operator {
	case operators.Less:
		test = func(have, want int64) bool { return have < want }
	case operators.LessEquals:
		test = func(have, want int64) bool { return have <= want }
	case operators.Greater:
		test = func(have, want int64) bool { return have > want }
	default:
		test = func(have, want int64) bool { return have >= want }
	}
	return guard{test: func(f *Facts) bool { return test(x.number(f), n) }, uses: x, mentions: []mention{{of: x, numbers: []int64{n}}}}, true
}

// variableOf returns the variable that e names, or nil. The type checker has rewritten
// app.status to one identifier.
func (v *vocabulary) variableOf(e ast.Expr) *variable {
	if e.Kind() != ast.IdentKind {
		return nil
	}
	return v.lookup(strings.TrimPrefix(e.AsIdent(), "."))
}

func textOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func intOf(e ast.Expr) (int64, bool) {
	if e.Kind() != ast.LiteralKind {
		return 0, false
	}
	n, ok := e.AsLiteral().(types.Int)
	return int64(n), ok
}

// because tells the current value behind a guard that does not hold.
func (g *guard) because(f *Facts) string {
	switch {
	case g.uses == nil:
		return ""
	case g.uses.text != nil:
		return fmt.Sprintf(" (%s is %q)", g.uses.name, g.uses.text(f))
	case g.uses.list != nil:
		return fmt.Sprintf(" (%s is %q)", g.uses.name, g.uses.list(f))
	case g.uses.number != nil:
		return fmt.Sprintf(" (%s is %d)", g.uses.name, g.uses.number(f))
	}
	return ""
}
