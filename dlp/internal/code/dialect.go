package code

import (
	"bytes"
	"strings"
)

// lowerSQL scores SQL that was written in small letters: there a keyword alone is English.
func lowerSQL(word string, rest []byte, s shape) int {
	switch word {
	case "select":
		return when((bytes.IndexByte(rest, ',') > 0 || bytes.IndexByte(rest, '*') > 0 || s.open > 0 || s.words <= 2) && s.words <= 30 ||
			bytes.Contains(rest, []byte(" from ")) && s.words <= 12, 3)
	case "where", "having":
		return when(s.operators > 0 && s.words <= 12, 3)
	case "insert", "delete", "create", "alter", "update":
		return when(hasAny(rest, " into ", " from ", " table ", " set ", " view ", " index ") && s.symbols > 0 && s.words <= 30, 4)
	case "group", "order":
		return when(bytes.HasPrefix(rest, []byte(" by ")) && s.words <= 6, 3)
	case "left", "inner":
		return when(hasAny(rest, " join "), 4)
	case "join":
		return when(hasAny(rest, " on ") && s.equals > 0, 4)
	case "from":
		return when(s.words <= 3 && len(rest) > 1 && rest[len(rest)-1] != '.', 2)
	case "values", "union", "limit":
		return when(s.symbols > 0 || s.words <= 2, 2)
	}
	return 0
}

func hasAny(text []byte, parts ...string) bool {
	for _, p := range parts {
		if bytes.Contains(text, []byte(p)) {
			return true
		}
	}
	return false
}

// capsIn reports a comparison that SQL spells in capitals.
func capsIn(rest []byte) bool {
	return hasAny(rest, " IN ", " IN(", " LIKE ", " IS ", " BETWEEN ", " EXISTS", " NOT ")
}

// shell scores what only shells write: "$x", $(…), [ -n, && at the end of a line.
func shell(t []byte, has signs) int {
	score := 0
	if has.may('$') && !hasAny(t, "${{") && hasAny(t, `"$`, "$(", "${", " $1", "$@", "$?", "$#") {
		score += 2
	}
	switch {
	case has.may('[') && hasAny(t, "[ -", "[[ "), has.may('-') && hasAny(t, "test -"),
		has.may('|') && hasAny(t, " | while "), has.may('>') && hasAny(t, ">/dev/null", "2>&1", ">&2"):
		score += 2
	}
	switch t[len(t)-1] {
	case '&', '|', ';', '\\', 'n', 'o':
		if hasSuffix(t, " &&", " ||", ";;", " \\", "; then", "; do") {
			score += 2
		}
	}
	return score
}

func hasSuffix(t []byte, ends ...string) bool {
	for _, e := range ends {
		if bytes.HasSuffix(t, []byte(e)) {
			return true
		}
	}
	return false
}

// dialect scores lines of languages whose statements look like nobody else's.
func dialect(word, rest []byte, s shape, last byte) int {
	switch string(word) {
	case "Sub", "Function", "Private", "Public", "Property":
		return when(s.open > 0 && (last == ')' || hasAny(rest, ") As ")) && s.words <= 14, 4)
	case "End":
		return when(s.words == 2 && hasAny(rest, " Sub", " If", " Function", " With", " Select", " Property", " Type", " Class", " Module", " Try"), 4)
	case "Dim", "Const", "ReDim":
		return when(hasAny(rest, " As ") && s.words <= 10, 4)
	case "Next", "Loop", "Wend", "Exit", "Option":
		return when(s.words <= 2 || string(word) == "Option" && s.words == 2, 2)
	case "If", "ElseIf":
		return when(bytes.HasSuffix(rest, []byte(" Then")) && s.symbols > 0, 4)
	case "For", "Do", "While":
		return when(s.equals > 0 && hasAny(rest, " To ") || hasAny(rest, " Each ") && hasAny(rest, " In ") && s.words <= 8, 4)
	case "MOVE", "COMPUTE", "PERFORM", "DISPLAY", "ADD", "SUBTRACT", "MULTIPLY", "EVALUATE", "STOP", "OPEN", "READ", "WRITE", "CLOSE", "ACCEPT", "CALL",
		"PROGRAM-ID.", "IDENTIFICATION", "ENVIRONMENT", "DATA", "PROCEDURE", "LOOP", "ENDLOOP.", "ENDLOOP", "ENDIF.", "ENDIF", "IF", "ELSE.", "ELSE", "ENDFORM.", "FORM",
		"APPEND", "REPORT", "TABLES", "PARAMETERS", "METHOD", "ENDMETHOD", "END-IF.", "END-IF", "GOBACK.", "GOBACK", "EXEC":
		return when(last == '.' && shouted(rest), 4)
	}
	switch {
	case len(rest) > 2 && rest[0] == '-' && rest[1] >= 'A' && rest[1] <= 'Z' && last != '.' && last != '?' && verbs[string(word)]:
		return 4 // a cmdlet: Get-ChildItem
	case len(rest) > 2 && rest[0] == ' ' && rest[1] == ':' && classes[rest[2]] == letter && last != '.':
		return 3 // a call with a symbol: validates :total
	}
	return assembly(word, rest, s)
}

// types are those of fields that stand behind their name: ID string.
var types = set("string int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 float32 float64 bool byte rune error any number boolean Int String Bool Double Float Boolean")

// field reports a type, and nothing else, behind a name.
func field(rest []byte) bool {
	t := bytes.TrimLeft(rest, " \t")
	return len(t) < len(rest) && types[string(bytes.TrimLeft(t, "[]*"))]
}

// verbs begin the names of cmdlets.
var verbs = set("Get Set New Remove Add Write Read Where Select Sort ForEach Import Export Invoke Start Stop Out Test ConvertTo ConvertFrom Copy Move Rename Join Split Enable Disable Update")

// Words behind the bracket that begins a form of Lisp: those that define, and others.
var (
	defines = set("define defn defun defmacro defvar defparameter defrecord defmethod defprotocol ns defn- def define-syntax setq setf")
	forms   = set("let let* letrec lambda if cond when unless fn loop recur do progn begin map filter reduce mapcar println display format str list cons car cdr append apply require use doseq for -> ->>")
)

// lisp scores a line that begins with a form.
func lisp(t []byte, s shape) int {
	if t[0] != '(' || s.open == 0 {
		return 0
	}
	end := bytes.IndexAny(t[1:], " \t([")
	if end < 0 {
		return 0
	}
	word := string(t[1 : 1+end])
	switch {
	case defines[word]:
		return 4
	case forms[word]:
		return when((s.open >= 2 || s.open > s.closing || s.operators > 0) && t[len(t)-1] != '.', 3)
	case word == "+" || word == "-" || word == "*" || word == "/" || word == "=" || word == "<" || word == ">" || word == "<=" || word == ">=":
		return when(s.open >= 2 || s.words <= 4, 3)
	}
	return 0
}

// shouted reports text with few small letters, as old languages are written. Names and
// texts in quotes may have them.
func shouted(text []byte) bool {
	small, large := 0, 0
	for _, c := range text {
		switch {
		case c >= 'a' && c <= 'z':
			small++
		case c >= 'A' && c <= 'Z':
			large++
		}
	}
	return small <= large || len(text) <= 1 || bytes.IndexByte(text, '_') > 0
}

// opcodes are instructions that are English words too, or are not: their operands decide.
var opcodes = set(" mov movl movq movb movw movzx movsx movabs movups movaps lea leaq push pushq pop popq call callq jmp je jne jz jnz jg jge jl jle ja jb cmp cmpl cmpq " +
	"test testl testq add addl addq sub subl subq inc dec mul imul div idiv xor xorl xorq and andl or shl shr sar rol ror nop ret retq syscall int leave hlt " +
	"ldr ldrb ldp str strb stp adr adrp bl blr b br beq bne bgt blt cbz cbnz svc mrs msr lw sw li la addi beqz bnez jal jalr ecall ld sd auipc lui ")

// Instructions that stand alone, and that take one operand.
var (
	alone      = set("ret retq syscall nop leave hlt ecall")
	oneOperand = set("push pop pushq popq call callq jmp je jne jz jnz bl b")
)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}

// has looks a word of at most 12 bytes up in small letters.
func has(words map[string]bool, word []byte) bool {
	var low [12]byte
	if len(word) > len(low) {
		return false
	}
	for i, c := range word {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	return words[string(low[:len(word)])]
}

// assembly scores an instruction with operands between commas, of which one is a register,
// a number or an address.
func assembly(word, rest []byte, s shape) int {
	if s.words > 8 || len(word) > 8 || len(rest) == 0 && !alone[string(word)] || !has(opcodes, word) {
		return 0
	}
	operands := bytes.TrimSpace(rest)
	if i := bytes.IndexAny(operands, ";#"); i > 0 {
		operands = bytes.TrimSpace(operands[:i])
	}
	if len(operands) == 0 {
		return when(alone[string(word)], 2)
	}
	if bytes.IndexByte(operands, ',') < 0 {
		return when(bytes.IndexByte(operands, ' ') < 0 && oneOperand[string(word)] && register(operands), 2)
	}
	for part := range bytes.SplitSeq(operands, []byte{','}) {
		part = bytes.TrimSpace(part)
		if bytes.IndexByte(part, ' ') >= 0 && bytes.IndexByte(part, '[') < 0 {
			return 0
		}
		if register(part) {
			return 3
		}
	}
	return 0
}

// register reports an operand that has a digit or a sign, or is named like a register.
func register(part []byte) bool {
	if bytes.ContainsAny(part, "0123456789%$[(#_@") {
		return true
	}
	switch string(bytes.ToLower(part)) {
	case "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp", "eax", "ebx", "ecx", "edx", "esi", "edi", "esp", "ebp", "ax", "bx", "cx", "dx", "al", "ah", "cl", "dl", "sp", "lr", "pc", "xzr", "ra", "zero":
		return true
	}
	return false
}

// tags are the elements of HTML; XML that carries data has others.
var tags = set(" a article aside body br button canvas div dl dt dd em fieldset footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input label legend li link main meta nav ol " +
	"option p pre script section select slot small span strong style table tbody td template textarea tfoot th thead title tr ul video !doctype ")

// markup scores lines of HTML and of templates; 0 for anything else.
func markup(t []byte) int {
	if t[0] != '<' {
		if bytes.HasPrefix(t, []byte("{%")) || bytes.HasPrefix(t, []byte("{{#")) || bytes.HasPrefix(t, []byte("<%")) {
			return 3
		}
		return 0
	}
	name := bytes.TrimPrefix(t[1:], []byte("/"))
	end := bytes.IndexAny(name, " >/")
	if end < 0 {
		end = len(name)
	}
	if end == 0 || end > 10 || !has(tags, name[:end]) {
		return 0
	}
	switch {
	case hasAny(t, "<script", "<style", "<!DOCTYPE", "<!doctype", " onclick=", " class=", "{{", "<meta ", "<link ", "<input ", " href="):
		return 4
	case bytes.IndexByte(t, '=') > 0:
		return 3
	}
	return 2
}
