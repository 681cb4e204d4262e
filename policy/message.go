package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"text/template"
	"text/template/parse"

	"go.yaml.in/yaml/v3"
)

// messageBytes bounds a rendered message.
const messageBytes = 1000

// spoken is what a message may speak of: nothing that could hold what the scan matched,
// so neither path nor file names.
type spoken struct {
	App      App
	Activity string
	Actor    string
	Account  Account
	User     User
	Source   Source
	Device   Device
	Profile  string // the first of Profiles
	Profiles []string
	Gap      Gap
}

// message compiles a message. A message is a sentence with names in it, not a program:
// loops, calls and further templates are refused, so that it always ends.
func (l *loader) message(n *yaml.Node, where string) *template.Template {
	text, ok := l.text(n, where)
	if !ok {
		return nil
	}
	t, err := template.New("message").Parse(text)
	if err != nil {
		l.wrong(n, "%s: %s", where, strings.TrimPrefix(err.Error(), "template: message:"))
		return nil
	}
	if t.Tree == nil || strings.TrimSpace(text) == "" {
		l.wrong(n, "%s: is empty; leave it out for the default text", where)
		return nil
	}
	if len(t.Templates()) > 1 {
		l.wrong(n, "%s: holds a template of its own; write one sentence", where)
		return nil
	}
	if err := simple(t.Root); err != nil {
		l.wrong(n, "%s: %s", where, err)
		return nil
	}
	for _, sample := range samples() {
		if _, err := speak(t, sample); err != nil {
			l.wrong(n, "%s: %s; it can name .App.Name, .App.Vendor, .User.Name, .Profile, .Gap and the like", where, sayTemplate(err))
			return nil
		}
	}
	return t
}

// sayTemplate shortens an error of text/template.
func sayTemplate(err error) string {
	var exec template.ExecError
	if errors.As(err, &exec) {
		_, text, ok := strings.Cut(exec.Err.Error(), ">: ")
		if ok {
			return strings.ReplaceAll(text, "policy.spoken", "a message")
		}
	}
	return err.Error()
}

func samples() []spoken {
	full := spoken{
		App:      App{"chatgpt", "ChatGPT", "OpenAI", "chat", "chatgpt.com", Unreviewed},
		Activity: "prompt", Actor: "person", Account: Account{"a", "free", "personal"},
		User: User{"alice", []string{"staff"}}, Source: Source{netip.IPv4Unspecified(), "DE", "Berlin"},
		Device: Device{"d", "managed"}, Profile: "default", Profiles: []string{"default"}, Gap: TooLarge,
	}
	return []spoken{{}, full}
}

// simple refuses what a sentence does not need.
func simple(n parse.Node) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, child := range n.Nodes {
			if err := simple(child); err != nil {
				return err
			}
		}
		return nil
	case *parse.TextNode, *parse.CommentNode, *parse.FieldNode, *parse.StringNode, *parse.NumberNode,
		*parse.BoolNode, *parse.DotNode, *parse.NilNode:
		return nil
	case *parse.ActionNode:
		return simple(n.Pipe)
	case *parse.IfNode:
		return errors.Join(simple(n.Pipe), simple(n.List), simple(n.ElseList))
	case *parse.PipeNode:
		if len(n.Decl) > 0 {
			return errors.New("declares a variable; a message is a sentence")
		}
		for _, command := range n.Cmds {
			for _, arg := range command.Args {
				if err := simple(arg); err != nil {
					return err
				}
			}
		}
		return nil
	case *parse.IdentifierNode:
		switch n.Ident {
		case "eq", "ne", "and", "or", "not", "len":
			return nil
		}
		return fmt.Errorf("calls %q; a message is a sentence", n.Ident)
	}
	return fmt.Errorf("holds %q; a message is a sentence with fields such as {{.App.Name}}", n.String())
}

// speak renders t, at most messageBytes of it.
func speak(t *template.Template, words spoken) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			text, err = "", errors.New("the message cannot be rendered")
		}
	}()
	var w bounded
	if err := t.Execute(&w, words); err != nil {
		return "", fmt.Errorf("render message: %w", err)
	}
	return strings.TrimSpace(w.String()), nil
}

// bounded is a builder that refuses to grow beyond messageBytes.
type bounded struct{ strings.Builder }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > messageBytes {
		return 0, fmt.Errorf("the message is longer than %d bytes", messageBytes)
	}
	return b.Builder.Write(p)
}
