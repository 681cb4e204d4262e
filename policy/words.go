package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/sluice-dlp/sluice/internal/nearest"
)

// unknownNames finds the names in a parsed condition that are no variables, which the
// type checker would only call undeclared.
func (c *compiler) unknownNames(tree *ast.AST) []fault {
	var faults []fault
	report := func(e ast.Expr, name string) {
		near := nearest.HintOrAll(name, c.vocabulary.names())
		faults = append(faults, fault{lineOf(tree, e), fmt.Sprintf("unknown variable %q%s", name, near)})
	}
	var walk func(e ast.Expr, bound []string)
	walk = func(e ast.Expr, bound []string) {
		if name, ok := chain(e); ok {
			root, rest, qualified := strings.Cut(name, ".")
			if slices.Contains(bound, root) || strings.HasPrefix(root, "@") || c.vocabulary.lookup(root) != nil {
				return
			}
			if c.vocabulary.isRoot(root) {
				field, _, _ := strings.Cut(rest, ".")
				if c.vocabulary.lookup(root+"."+field) == nil {
					report(e, strings.TrimSuffix(root+"."+field, "."))
				}
				return
			}
			if near := nearest.Word(name, c.vocabulary.names()); near != "" || qualified {
				report(e, name)
			}
			return // a type name, or what the checker reports
		}
		for _, child := range children(e) {
			inner := bound
			if e.Kind() == ast.ComprehensionKind {
				x := e.AsComprehension()
				inner = append(slices.Clip(bound), x.IterVar(), x.IterVar2(), x.AccuVar())
			}
			walk(child, inner)
		}
	}
	walk(tree.Expr(), nil)
	return faults
}

// chain reads a.b.c as one name.
func chain(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent(), true
	case ast.SelectKind:
		name, ok := chain(e.AsSelect().Operand())
		return name + "." + e.AsSelect().FieldName(), ok
	}
	return "", false
}

func children(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.CallKind:
		call := e.AsCall()
		if call.IsMemberFunction() {
			return append([]ast.Expr{call.Target()}, call.Args()...)
		}
		return call.Args()
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.ListKind:
		return e.AsList().Elements()
	case ast.MapKind:
		var all []ast.Expr
		for _, entry := range e.AsMap().Entries() {
			all = append(all, entry.AsMapEntry().Key(), entry.AsMapEntry().Value())
		}
		return all
	case ast.StructKind:
		var all []ast.Expr
		for _, field := range e.AsStruct().Fields() {
			all = append(all, field.AsStructField().Value())
		}
		return all
	case ast.ComprehensionKind:
		x := e.AsComprehension()
		return []ast.Expr{x.IterRange(), x.AccuInit(), x.LoopCondition(), x.LoopStep(), x.Result()}
	}
	return nil
}

func lineOf(tree *ast.AST, e ast.Expr) int {
	return max(1, tree.SourceInfo().GetStartLocation(e.ID()).Line())
}

// wrongWords finds comparisons of an enumeration with a word that is none of its values,
// which would silently never hold.
func (c *compiler) wrongWords(tree *ast.AST) []fault {
	var faults []fault
	visit(tree.Expr(), func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		call := e.AsCall()
		args := call.Args()
		switch call.FunctionName() {
		case operators.Equals, operators.NotEquals:
			for i := range 2 {
				if word, ok := textOf(args[1-i]); ok {
					faults = append(faults, c.wrongWord(tree, args[i], word, args[1-i])...)
				}
			}
		case operators.In:
			if args[1].Kind() != ast.ListKind {
				return
			}
			for _, element := range args[1].AsList().Elements() {
				if word, ok := textOf(element); ok {
					faults = append(faults, c.wrongWord(tree, args[0], word, element)...)
				}
			}
		case "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes":
			if len(args) == 1 {
				faults = append(faults, wrongZone(tree, args[0])...)
			}
		}
	})
	return faults
}

func (c *compiler) wrongWord(tree *ast.AST, name ast.Expr, word string, at ast.Expr) []fault {
	x := c.vocabulary.variableOf(name)
	if x == nil {
		return nil
	}
	wrong := func(format string, args ...any) []fault {
		return []fault{{lineOf(tree, at), fmt.Sprintf(format, args...)}}
	}
	switch {
	case x.words != nil && !slices.Contains(x.words(), word):
		return wrong("%s is never %q%s", x.name, word, nearest.HintOrAll(word, x.words()))
	case x.name == "app.id" && c.options.HasApp != nil && !c.options.HasApp(word):
		return wrong("the catalogue has no app %q; `sluice apps list` shows the ids", word)
	case x.name == "app.category" && len(c.options.Categories) > 0 && !slices.Contains(c.options.Categories, word):
		return wrong("app.category is never %q%s", word, nearest.HintOrAll(word, c.options.Categories))
	case x.name == "source.country" && word != "" && !isCountry(word):
		return wrong("source.country is never %q: write two capital letters of ISO 3166, for instance \"DE\"", word)
	case x.name == "request.method" && word != strings.ToUpper(word):
		return wrong("request.method is never %q (did you mean %q?)", word, strings.ToUpper(word))
	}
	return nil
}

func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// wrongZone checks a constant time zone, so that a slip does not become policy_error.
func wrongZone(tree *ast.AST, e ast.Expr) []fault {
	zone, ok := textOf(e)
	if !ok || strings.Contains(zone, ":") { // an offset such as +02:00
		return nil
	}
	if _, err := time.LoadLocation(zone); err != nil {
		return []fault{{lineOf(tree, e), fmt.Sprintf("unknown time zone %q; write a name such as \"Europe/Berlin\"", zone)}}
	}
	return nil
}
