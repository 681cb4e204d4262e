package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrRefused says that a statement is not one the explorer runs; the text says why.
var ErrRefused = errors.New("refused")

// Limits of a statement's text. Concatenation is bounded because a chain of it doubles a
// text with every link.
const (
	maxStatement = 16 << 10
	maxConcat    = 8
)

// exploreFunctions are those a statement may call: none writes, waits, reads files or
// makes a large value from a small one.
var exploreFunctions = strings.Fields(`
 count sum avg min max abs round floor ceil sign mod coalesce nullif lower upper length substr substring trim ltrim rtrim
 date_trunc date_part extract to_char to_timestamp date strftime unixepoch now
 row_number rank dense_rank percent_rank lag lead first_value last_value ntile stddev variance greatest least`)

// exploreSyntax are words that may stand before a bracket without calling anything.
var exploreSyntax = strings.Fields(`
 select from where and or not in exists as on using values by having over filter partition case when then else between like
 ilike is join union except intersect all any distinct limit offset with materialized cast within group order`)

// exploreBanned are words that have no place in a statement that only reads views.
var exploreBanned = strings.Fields(`
 insert update delete merge replace create alter drop truncate grant revoke copy call do execute prepare deallocate declare fetch
 listen notify unlisten vacuum analyze reindex cluster refresh checkpoint discard reset load import attach detach pragma
 begin commit rollback savepoint release start abort into for recursive tablesample security explain returning set`)

// checkStatement refuses what is not one plain SELECT on views. It is the outer of two
// walls: behind it stand the rights of the role in Postgres and the authorizer in SQLite.
func checkStatement(text string) error {
	if len(text) > maxStatement {
		return fmt.Errorf("%w: the statement is longer than %d bytes", ErrRefused, maxStatement)
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return fmt.Errorf("%w: the statement is not valid text", ErrRefused)
	}
	tokens, err := lexSQL(text)
	if err != nil {
		return err
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].text == ";" {
		tokens = tokens[:len(tokens)-1]
	}
	if len(tokens) < 2 || tokens[0].kind != sqlWord || tokens[0].text != "select" && tokens[0].text != "with" {
		return fmt.Errorf("%w: a statement begins with SELECT or WITH", ErrRefused)
	}
	concats := 0
	for i, t := range tokens {
		if t.text == "||" && t.kind == sqlSign {
			concats++
		}
		if err := checkToken(tokens, i); err != nil {
			return err
		}
	}
	if concats > maxConcat {
		return fmt.Errorf("%w: more than %d concatenations", ErrRefused, maxConcat)
	}
	return nil
}

func checkToken(tokens []sqlToken, i int) error {
	t := tokens[i]
	if t.kind == sqlSign {
		if t.text == ";" {
			return fmt.Errorf("%w: one statement at a time", ErrRefused)
		}
		return nil
	}
	if t.kind != sqlWord && t.kind != sqlQuoted {
		return nil
	}
	for _, prefix := range []string{"pg_", "sqlite_", "information_schema", "goose_", "main", "temp", "public", "explore", "explore_unnamed"} {
		if strings.HasPrefix(t.text, prefix) && (strings.HasSuffix(prefix, "_") || t.text == prefix) {
			return fmt.Errorf("%w: %q is not one of the explorer's views", ErrRefused, t.text)
		}
	}
	if t.kind == sqlWord && slices.Contains(exploreBanned, t.text) {
		return fmt.Errorf("%w: the explorer only reads: no %q", ErrRefused, strings.ToUpper(t.text))
	}
	if i+1 >= len(tokens) || tokens[i+1].text != "(" || tokens[i+1].kind != sqlSign {
		return nil
	}
	known := slices.Contains(exploreFunctions, t.text) || t.kind == sqlWord && slices.Contains(exploreSyntax, t.text)
	qualified := i > 0 && tokens[i-1].text == "." && tokens[i-1].kind == sqlSign
	if !known || qualified {
		return fmt.Errorf("%w: the explorer has no function %q", ErrRefused, t.text)
	}
	return nil
}

// sqlKind is the kind of a token.
type sqlKind int

const (
	sqlWord   sqlKind = iota // in lower case
	sqlQuoted                // "identifier", in lower case, without quotes
	sqlText                  // 'literal'
	sqlNumber                // also $1
	sqlSign
)

type sqlToken struct {
	kind sqlKind
	text string
}

// lexSQL takes text apart in a way on which Postgres and SQLite agree; what they would
// read differently is refused.
func lexSQL(text string) ([]sqlToken, error) {
	var out []sqlToken
	for len(text) > 0 {
		c := text[0]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			text = text[1:]
		case strings.HasPrefix(text, "--"):
			_, text, _ = strings.Cut(text, "\n")
		case strings.HasPrefix(text, "/*"):
			comment, rest, ok := strings.Cut(text[2:], "*/")
			if !ok || strings.Contains(comment, "/*") { // Postgres nests comments, SQLite does not
				return nil, fmt.Errorf("%w: a comment within a comment, or without end", ErrRefused)
			}
			text = rest
		case c == '\'' || c == '"':
			token, rest, err := lexQuoted(text)
			if err != nil {
				return nil, err
			}
			out, text = append(out, token), rest
		case c >= '0' && c <= '9' || c == '$':
			n := 1
			for n < len(text) && (isWordByte(text[n]) && c != '$' || c == '$' && text[n] >= '0' && text[n] <= '9' || text[n] == '.' && c != '$') {
				n++
			}
			if c == '$' && (n == 1 || n < len(text) && isWordByte(text[n])) { // $tag$ quotes in Postgres
				return nil, fmt.Errorf("%w: %q quotes nothing here; want '…'", ErrRefused, "$")
			}
			out, text = append(out, sqlToken{sqlNumber, text[:n]}), text[n:]
		case isWordByte(c):
			n := 1
			for n < len(text) && isWordByte(text[n]) {
				n++
			}
			if n < len(text) && (text[n] == '\'' || text[n] == '&' && n+1 < len(text) && (text[n+1] == '"' || text[n+1] == '\'')) {
				return nil, fmt.Errorf("%w: a text with a prefix (%s'…')", ErrRefused, text[:n])
			}
			out, text = append(out, sqlToken{sqlWord, strings.ToLower(text[:n])}), text[n:]
		case strings.HasPrefix(text, "||"), strings.HasPrefix(text, "::"), strings.HasPrefix(text, "<="), strings.HasPrefix(text, ">="), strings.HasPrefix(text, "<>"), strings.HasPrefix(text, "!="):
			out, text = append(out, sqlToken{sqlSign, text[:2]}), text[2:]
		case strings.IndexByte("()+-*/%,.;<>=", c) >= 0:
			out, text = append(out, sqlToken{sqlSign, text[:1]}), text[1:]
		default:
			return nil, fmt.Errorf("%w: the sign %q", ErrRefused, firstRune(text))
		}
	}
	return out, nil
}

func isWordByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func firstRune(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

// lexQuoted reads '…' or "…", in which the quote is doubled.
func lexQuoted(text string) (sqlToken, string, error) {
	quote := text[:1]
	var b strings.Builder
	for rest := text[1:]; ; {
		part, after, ok := strings.Cut(rest, quote)
		if !ok {
			return sqlToken{}, "", fmt.Errorf("%w: %s is not closed", ErrRefused, quote)
		}
		b.WriteString(part)
		if rest = after; !strings.HasPrefix(rest, quote) {
			if quote == "'" {
				return sqlToken{sqlText, b.String()}, rest, nil
			}
			return sqlToken{sqlQuoted, strings.ToLower(b.String())}, rest, nil
		}
		b.WriteString(quote)
		rest = rest[1:]
	}
}
