package policy

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
)

// Limits of one condition: its text, and the work that its loops may cost a request (in
// CEL's cost units; a thousand user groups searched for a prefix cost about ten thousand).
const (
	conditionBytes = 8 << 10
	conditionCost  = 200_000
)

// condition is a compiled `when`: the conjunction of its parts. The nil condition holds.
type condition struct {
	parts     []part   // guards first
	variables []string // that it uses, by their names
	body      bool     // one of them is known only after the body was read
}

// part is one conjunct: a guard, or a program when it needs the interpreter.
type part struct {
	text    string
	guard   guard
	program cel.Program
	names   bool // the program asks for a variable
}

// holds evaluates c. An error is returned only when no part is false, as CEL does for a
// conjunction.
func (c *condition) holds(v *values) (bool, error) {
	if c == nil {
		return true, nil
	}
	var failed error
	for i := range c.parts {
		ok, err := c.parts[i].holds(v)
		if err != nil {
			failed = err
			continue
		}
		if !ok {
			return false, nil
		}
	}
	return failed == nil, failed
}

func (p *part) holds(v *values) (bool, error) {
	if p.program == nil {
		return p.guard.test(v.facts), nil
	}
	out, _, err := p.program.Eval(v)
	if err != nil {
		return false, fmt.Errorf("evaluate %s: %w", p.text, err)
	}
	ok, isBool := out.(types.Bool)
	if !isBool {
		return false, fmt.Errorf("evaluate %s: not true or false", p.text)
	}
	return bool(ok), nil
}

// why says which part does not hold.
func (c *condition) why(v *values) string {
	for i := range c.parts {
		p := &c.parts[i]
		if ok, err := p.holds(v); err == nil && !ok {
			because := ""
			if p.program == nil {
				because = p.guard.because(v.facts)
			}
			return "not " + p.text + because
		}
	}
	return ""
}

// compiler turns the text of conditions into conditions.
type compiler struct {
	env        *cel.Env
	vocabulary *vocabulary
	options    Options
}

func newCompiler(o Options) (*compiler, error) {
	v := newVocabulary()
	options := []cel.EnvOption{
		cel.Types(cel.NativeTypeFor[File](types.ParseStructTags(true))),
		cel.EnableMacroCallTracking(),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateDurationLiterals(),
			cel.ValidateTimestampLiterals(), cel.ValidateHomogeneousAggregateLiterals()),
		cel.ParserExpressionSizeLimit(conditionBytes),
		cel.ParserRecursionLimit(100),
		ext.Strings(),
		ext.Network(),
	}
	for i := range v.all {
		options = append(options, cel.Variable(v.all[i].name, v.all[i].kind))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("prepare conditions: %w", err)
	}
	return &compiler{env: env, vocabulary: v, options: o}, nil
}

// fault is a mistake in a condition, at a line of its text (from 1).
type fault struct {
	line int
	text string
}

// compile checks and compiles text. It reports every mistake it can see, and never panics.
func (c *compiler) compile(text string) (cond *condition, faults []fault) {
	defer func() { // one recover a rule: a fault of the interpreter must not stop the others
		if r := recover(); r != nil {
			cond, faults = nil, []fault{{1, "this condition cannot be compiled; write it more simply"}}
		}
	}()
	if strings.TrimSpace(text) == "" {
		return nil, []fault{{1, "the condition is empty; leave `when` out for a rule that always holds"}}
	}
	parsed, issues := c.env.Parse(text)
	if err := issues.Err(); err != nil {
		return nil, faultsOf(issues)
	}
	if faults := c.unknownNames(parsed.NativeRep()); len(faults) > 0 {
		return nil, faults
	}
	checked, issues := c.env.Check(parsed)
	if err := issues.Err(); err != nil {
		return nil, faultsOf(issues)
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return nil, []fault{{1, fmt.Sprintf("the condition is a %s; it must be true or false", checked.OutputType())}}
	}
	tree := checked.NativeRep()
	if faults := c.wrongWords(tree); len(faults) > 0 {
		return nil, faults
	}
	cond, err := c.plan(tree)
	if err != nil {
		return nil, []fault{{1, err.Error()}}
	}
	return cond, nil
}

func faultsOf(issues *cel.Issues) []fault {
	var faults []fault
	for _, e := range issues.Errors() {
		faults = append(faults, fault{e.Location.Line(), strings.ReplaceAll(e.Message, " (in container '')", "")})
	}
	return faults
}

// plan splits the conjunction into guards and programs.
func (c *compiler) plan(tree *ast.AST) (*condition, error) {
	cond := &condition{}
	var programs []part
	for _, e := range conjuncts(tree.Expr(), nil) {
		text, err := cel.ExprToString(e, tree.SourceInfo())
		if err != nil {
			text = "the condition"
		}
		if g, ok := c.vocabulary.guardOf(e); ok {
			cond.parts = append(cond.parts, part{text: text, guard: g})
			continue
		}
		program, err := c.env.PlanProgram(
			ast.NewCheckedAST(ast.NewAST(e, tree.SourceInfo()), tree.TypeMap(), tree.ReferenceMap()), programOptions(e)...)
		if err != nil {
			return nil, errors.New(strings.ReplaceAll(err.Error(), "\n", " "))
		}
		names := false
		visit(e, func(e ast.Expr) { names = names || c.vocabulary.variableOf(e) != nil })
		programs = append(programs, part{text: text, program: program, names: names})
	}
	cond.parts = append(cond.parts, programs...)
	visit(tree.Expr(), func(e ast.Expr) {
		if x := c.vocabulary.variableOf(e); x != nil {
			cond.variables = append(cond.variables, x.name)
			cond.body = cond.body || x.body
		}
	})
	return cond, nil
}

// programOptions bounds the work of a part whose loops are nested. Any other part is
// bounded by its text times the length of one list, and spared the price of counting.
func programOptions(e ast.Expr) []cel.ProgramOption {
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	loops := 0
	visit(e, func(e ast.Expr) {
		if e.Kind() == ast.ComprehensionKind {
			loops++
		}
	})
	if loops > 1 {
		options = append(options, cel.CostLimit(conditionCost))
	}
	return options
}

func visit(e ast.Expr, f func(ast.Expr)) { ast.PostOrderVisit(e, ast.NewExprVisitor(f)) }

func conjuncts(e ast.Expr, to []ast.Expr) []ast.Expr {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		for _, arg := range e.AsCall().Args() {
			to = conjuncts(arg, to)
		}
		return to
	}
	return append(to, e)
}
