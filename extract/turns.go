package extract

import (
	"bytes"

	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// speaker is who speaks in one turn of a conversation.
type speaker uint8

const (
	nobody speaker = iota
	person
	tool // the output of a tool: in an agent's request it stands where a person's words do
	model
	instructor
)

// Tags of nodes: whose words the texts below them are.
const (
	tagUser uint8 = iota + 1
	tagTool       // what a tool gave back in this turn: new, as the person's words are
	tagContext
	tagSystem
)

// speakerOf reads the value of a role. Numbers are the senders of X and Cursor.
func speakerOf(role []byte) speaker {
	var buf [24]byte
	if len(role) > len(buf) {
		return nobody
	}
	for i, c := range role {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	switch string(bytes.TrimPrefix(buf[:len(role)], []byte("role_"))) {
	case "":
		return nobody
	case "user", "human", "customer", "person", "me", "1", "end_user", "message_type_human":
		return person
	case "system", "developer", "instructions", "preamble":
		return instructor
	case "tool", "function", "ipython", "observation", "environment", "tool_result", "functionresponse":
		return tool
	case "assistant", "model", "ai", "bot", "chatbot", "agent", "gpt", "machine", "2", "0", "message_type_ai":
		return model
	}
	return nobody
}

// namedSpeaker reads the value at the path that a rule gives for the role: what is not
// the person's, a tool's or an instruction is something that was there before.
func namedSpeaker(role []byte) speaker {
	if who := speakerOf(role); who != nobody || len(role) == 0 {
		return who
	}
	if who := speakerOfType(role); who != nobody {
		return who
	}
	return model
}

// speakerOfType reads the type of an item of the Responses API, which has a role only
// where it is a message.
func speakerOfType(typ []byte) speaker {
	switch {
	case bytes.HasSuffix(typ, []byte("_output")), bytes.HasSuffix(typ, []byte("_result")):
		return tool
	case bytes.HasSuffix(typ, []byte("_call")), string(typ) == "reasoning", string(typ) == "tool_use":
		return model
	}
	return nobody
}

// speakerOfObject looks for a role where formats without a rule have it.
func speakerOfObject(t *jsontree.Tree, obj int) speaker {
	if t.Nodes[obj].Kind != jsontree.Object {
		return nobody
	}
	for _, name := range [...]string{"role", "author", "sender", "from", "speaker"} {
		c := t.Child(obj, name)
		if c >= 0 && t.Nodes[c].Kind == jsontree.Object {
			c = t.Child(c, "role")
		}
		if c < 0 {
			continue
		}
		switch t.Nodes[c].Kind {
		case jsontree.String:
			return speakerOf(t.Str(c))
		case jsontree.Number:
			return speakerOf(t.Raw(c))
		case jsontree.Null, jsontree.Bool, jsontree.Array, jsontree.Object:
		}
	}
	if c := t.Child(obj, "type"); c >= 0 {
		return speakerOfType(t.Str(c))
	}
	return nobody
}

// turn is one element of a conversation, as a rule names it.
type turn struct {
	node int
	who  speaker
}

// tagTurns gives the nodes of every conversation their tag. In a replayed list only the
// last unbroken run of the person's turns (or of tool outputs) is new.
func tagTurns(t *jsontree.Tree, named []turn) {
	for _, n := range named {
		if p := t.Nodes[n.node].Parent; p < 0 || t.Nodes[p].Kind != jsontree.Array {
			t.Nodes[n.node].Tag = tagOf(n.who, true)
		}
	}
	for i := 0; i < len(t.Nodes); {
		if t.Nodes[i].Kind == jsontree.Array && tagList(t, i, named) {
			i = t.Nodes[i].Skip
			continue
		}
		i++
	}
}

// tagList tags the elements of one list and reports whether it is a conversation.
func tagList(t *jsontree.Tree, list int, named []turn) bool {
	found := false
	for c := list + 1; c < t.Nodes[list].Skip; c = t.Nodes[c].Skip {
		found = found || whoSpeaks(t, c, named) != nobody
	}
	if !found {
		return false
	}
	run := lastRun(t, list, named)
	for c := list + 1; c < t.Nodes[list].Skip; c = t.Nodes[c].Skip {
		t.Nodes[c].Tag = tagOf(whoSpeaks(t, c, named), t.Nodes[c].Index >= run)
	}
	return true
}

// lastRun returns the index at which the last run of the person's turns begins. What the
// model or the instructor says after it does not end it.
func lastRun(t *jsontree.Tree, list int, named []turn) int {
	run, open, seen := 0, false, false
	for c := list + 1; c < t.Nodes[list].Skip; c = t.Nodes[c].Skip {
		switch whoSpeaks(t, c, named) {
		case person, tool, nobody:
			if !open {
				run, open, seen = t.Nodes[c].Index, true, true
			}
		case model:
			open = false
		case instructor:
		}
	}
	if !seen {
		return 0
	}
	return run
}

func whoSpeaks(t *jsontree.Tree, node int, named []turn) speaker {
	lo, hi := 0, len(named)
	for lo < hi { // named is in the order of the nodes
		mid := (lo + hi) / 2
		if named[mid].node < node {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(named) && named[lo].node == node && named[lo].who != nobody {
		return named[lo].who
	}
	return speakerOfObject(t, node)
}

func tagOf(who speaker, current bool) uint8 {
	switch who {
	case model:
		return tagContext
	case instructor:
		return tagSystem
	case tool:
		if current {
			return tagTool
		}
		return tagContext
	case person, nobody:
		if !current {
			return tagContext
		}
	}
	return tagUser
}
