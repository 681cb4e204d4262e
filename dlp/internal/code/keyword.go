package code

import "bytes"

// keyword scores a line by the word it starts with and by what the rest must have for the
// word to be a keyword rather than English.
func keyword(word, rest []byte, s shape, indent int, last byte) int {
	if word[0] == '@' {
		return decorator(rest)
	}
	code := s.open > 0 || s.equals > 0 || s.pairs > 0
	ends := last == '{' || last == ';' || last == ':' || last == ')' || last == '('
	switch string(word) {
	case "def", "fn", "func", "function", "sub", "proc", "fun", "defp", "defmodule":
		return when(s.open > 0 || last == '{' || bytes.HasSuffix(rest, []byte(" do")), 4) +
			when(string(word) == "def" && s.words == 2 && s.open == 0 && last != '.' && last != ',', 3)
	case "class", "struct", "interface", "enum", "trait", "impl", "namespace", "module", "object", "record", "protocol", "extension", "actor", "data", "mod":
		return when((last == '{' || last == ':' || last == ';' || last == '(' || last == ')') && s.words <= 10 && (last != ':' || s.words <= 4), 4) +
			when(bytes.HasSuffix(rest, []byte(" where")) && s.words <= 8, 4) +
			when(string(word) == "namespace" && s.words <= 5 && bytes.IndexByte(rest, '.') > 0 && last != '.', 4) +
			when(string(word) == "class" && s.words <= 6 && hasAny(rest, " < ") && last != '{', 4) +
			when(s.words == 2 && last != ':' && len(rest) > 1 && rest[1] >= 'A' && rest[1] <= 'Z' && s.symbols == 0, 2)
	case "type", "package":
		return when((last == '{' || last == ';' || last == '(' || s.equals > 0 || bytes.HasSuffix(rest, []byte(" struct"))) && s.words <= 10, 4) +
			when(string(word) == "package" && s.words == 2 && s.symbols == 0, 3)
	case "import", "export":
		return importLine(word, rest, s, last)
	case "from":
		return when(bytes.Contains(rest, []byte(" import ")), 5) + lowerSQL("from", rest, s)
	case "use", "using", "require", "require_once", "require_relative", "include", "open":
		return when(s.words <= 8 && (last == ';' || last == '\'' || last == '"' && s.words <= 4), 3) + when(bytes.Contains(rest, []byte("::")), 2)
	case "public", "private", "protected", "static", "final", "internal", "override", "abstract", "async", "pub", "extern", "unsafe", "virtual", "inline", "typedef", "template", "readonly", "suspend", "sealed", "partial", "fileprivate", "mutating", "volatile", "constexpr", "auto", "void", "int", "char", "bool", "double", "float", "long", "unsigned", "uint8_t", "uint16_t", "uint32_t", "size_t", "String":
		return when((code || last == '{' || last == ';') && ends || s.equals > 0 || s.braces > 1 || s.open > 0 && s.closing > 0 || declares(rest) && s.words <= 5 && last != '.', 4)
	case "const", "let", "var", "val", "local", "my", "our", "dim", "Dim", "Set", "set":
		return when(s.equals > 0 || s.pairs > 0 || last == ';' && s.words <= 5 || last == '(' || typed(rest) && s.words <= 5 || s.open > 0 && bytes.HasPrefix(rest, []byte(" function ")), 4)
	case "if", "for", "while", "switch", "elif", "elsif", "else", "match", "foreach", "unless", "until", "case", "when", "try", "catch", "except", "finally", "with", "guard", "loop", "rescue", "begin", "ensure", "default":
		return control(string(word), rest, s, indent, last, code)
	case "select":
		return max(control("select", rest, s, indent, last, code), lowerSQL("select", rest, s))
	case "where":
		return max(control("where", rest, s, indent, last, code), lowerSQL("where", rest, s))
	case "return", "raise", "throw", "yield", "await", "defer", "go", "assert", "delete", "del", "goto", "panic":
		return when(last == ';' || indent >= 2 && (s.words <= 6 || s.symbols > 1) || code && s.words <= 10, 3)
	case "break", "continue", "pass", "fi", "done", "esac", "end", "endif", "endfunction", "endmodule", "endcase", "endclass", "next", "then", "do", "nil", "super":
		return when(len(rest) == 0 || last == ';' || last == ')' || string(word) == "done" && hasAny(rest, " | ", " < ", " > "), 2)
	case "print", "println", "printf", "puts", "echo", "console.log", "fmt.Println", "fmt.Printf", "System.out.println", "self", "this":
		return when(s.open > 0 || indent >= 2 || len(rest) > 1 && (rest[0] == '.' || rest[1] == '"'), 3)
	case "end.", "BEGIN", "END":
		return when(len(rest) == 0 || last == ';', 2)
	case "insert", "update", "create", "alter", "join", "left", "inner", "group", "order", "values", "having", "union", "limit":
		return lowerSQL(string(word), rest, s)
	case "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "FROM", "WHERE", "JOIN", "LEFT", "RIGHT", "INNER", "OUTER", "GROUP", "ORDER", "VALUES", "HAVING", "LIMIT", "UNION", "WITH", "SET", "AND", "OR", "ON", "TRUNCATE", "GRANT", "PRIMARY", "FOREIGN", "CONSTRAINT":
		return sql(string(word), rest, s)
	case "RUN", "COPY", "ENTRYPOINT", "CMD", "ENV", "WORKDIR", "EXPOSE", "ARG", "ADD", "VOLUME", "USER":
		return when(len(rest) > 1 && s.words <= 20, 3)
	case "resource", "variable", "provider", "output", "terraform", "locals":
		return when(last == '{', 4)
	case "sudo", "apt-get", "chmod", "chown", "mkdir", "grep", "awk", "sed", "curl", "docker", "kubectl", "git", "npm", "pip", "cd", "rm", "cp", "mv", "source":
		return when(s.words <= 14 && last != '.' && last != '?' && (s.operators > 0 || s.words <= 3), 2)
	case "<?php":
		return 5
	}
	return 0
}

// declares reports a type's keyword behind modifiers.
func declares(rest []byte) bool {
	for _, k := range [...]string{" class ", " struct ", " interface ", " enum ", " record "} {
		if bytes.Contains(rest, []byte(k)) {
			return true
		}
	}
	return false
}

// typed reports "name: Type" behind let or var.
func typed(rest []byte) bool {
	i := bytes.Index(rest, []byte(": "))
	if i < 2 || i+2 >= len(rest) || rest[0] != ' ' || bytes.IndexByte(rest[1:i], ' ') >= 0 {
		return false
	}
	c := rest[i+2]
	return c >= 'A' && c <= 'Z' || c == '[' || c == '(' || hasAny(rest[i:], ": int", ": string", ": str", ": bool", ": float", ": number", ": u8", ": u32", ": i32", ": i64", ": f64")
}

func when(ok bool, score int) int {
	if ok {
		return score
	}
	return 0
}

// decorator scores @name and @name(…) alone on a line.
func decorator(rest []byte) int {
	return when(len(rest) == 0 || rest[0] == '(', 3)
}

// importLine tells import a.b, import "x", import X from 'y' from English.
func importLine(word, rest []byte, s shape, last byte) int {
	rest = bytes.TrimSpace(rest)
	switch {
	case len(rest) == 0:
		return 0
	case last == ';' || rest[0] == '"' || rest[0] == '\'' || rest[0] == '{' || rest[0] == '*' || rest[0] == '(':
		return 4
	case bytes.Contains(rest, []byte(" from '")), bytes.Contains(rest, []byte(` from "`)), bytes.Contains(rest, []byte(" as ")) && s.words <= 6:
		return 5
	case string(word) == "export":
		return when(s.open > 0 || s.equals > 0 || last == '{' || bytes.HasPrefix(rest, []byte("default ")) && s.words <= 3, 4)
	case s.words <= 5 && bytes.IndexByte(rest, '.') > 0 && last != '.':
		return 4
	}
	return when(bytes.IndexByte(rest, ' ') < 0 && last != '.' || bytes.Contains(rest, []byte(", ")) && s.words <= 6 && last != '.', 3)
}

// control scores statements that steer: their condition or their end must be a program's.
func control(word string, rest []byte, s shape, indent int, last byte, code bool) int {
	trimmed := bytes.TrimSpace(rest)
	if len(trimmed) == 0 {
		return when(word == "else" || word == "try" || word == "begin" || word == "ensure", 2)
	}
	switch {
	case last == '{', last == ';' && code:
		return 3
	case last == ':' && len(trimmed) == 1:
		return 3 // else:
	case last == ':':
		return when(s.words <= 12 && (code || indent >= 2 || s.operators > 1 || bytes.Contains(rest, []byte(" in ")) && s.words <= 5), 3)
	case word == "case" && bytes.HasSuffix(trimmed, []byte(" of")):
		return when(s.words <= 6, 3)
	case bytes.HasSuffix(trimmed, []byte("then")), bytes.HasSuffix(trimmed, []byte(" do")):
		return when(s.symbols > 0, 3)
	case trimmed[0] == '(' && s.open > 0:
		return when(s.symbols > 3, 3)
	}
	return when(s.pairs > 0 && s.words <= 10, 2)
}

// sql scores lines that start with a keyword in capitals.
func sql(word string, rest []byte, s shape) int {
	if len(rest) == 0 {
		return when(s.words == 1, 2)
	}
	if rest[0] != ' ' {
		return 0
	}
	switch word {
	case "SELECT":
		return when(s.words <= 3 || s.symbols > 0 || bytes.IndexByte(rest, ',') > 0 || bytes.Contains(rest, []byte(" FROM ")), 4)
	case "WHERE", "HAVING":
		return when(s.operators > 0 || capsIn(rest), 3)
	case "INSERT", "CREATE", "ALTER", "DELETE", "UPDATE", "DROP", "TRUNCATE":
		return when(s.words <= 40, 4)
	case "AND", "OR", "ON", "SET", "WITH", "LEFT", "RIGHT", "LIMIT", "VALUES":
		return when(s.symbols > 0 || bytes.Contains(rest, []byte("JOIN")), 3)
	}
	return when(s.words <= 30, 3)
}
