package policy

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// variable is one name that a condition may use. Exactly one of text, list, number and
// value is set.
type variable struct {
	name   string
	kind   *cel.Type
	words  func() []string // the values of an enumeration; nil: free text
	text   func(*Facts) string
	list   func(*Facts) []string
	number func(*Facts) int64
	value  func(types.Adapter, *Facts) ref.Val
	body   bool // known only after the body was read
}

// variables lists every name of DESIGN-level contract "CEL variables", each declared as a
// qualified name so that a slip such as app.stauts fails at load.
func variables() []variable {
	text := func(name string, get func(*Facts) string) variable {
		return variable{name: name, kind: cel.StringType, text: get}
	}
	enum := func(name string, get func(*Facts) string, words ...string) variable {
		v := text(name, get)
		v.words = func() []string { return words }
		return v
	}
	late := func(v variable) variable { v.body = true; return v }
	return []variable{
		text("app.id", func(f *Facts) string { return f.App.ID }),
		text("app.name", func(f *Facts) string { return f.App.Name }),
		text("app.vendor", func(f *Facts) string { return f.App.Vendor }),
		text("app.category", func(f *Facts) string { return f.App.Category }),
		enum("app.status", func(f *Facts) string { return string(Statuses()[f.App.Status.index()]) }, statusNames()...),
		text("app.host", func(f *Facts) string { return f.App.Host }),
		enum("activity", func(f *Facts) string { return f.Activity }, "prompt", "upload", "other", "session"),
		enum("actor", func(f *Facts) string { return f.Actor }, "person", "agent", "server"),
		late(text("account.id", func(f *Facts) string { return f.Account.ID })),
		late(text("account.plan", func(f *Facts) string { return f.Account.Plan })),
		late(enum("account.kind", accountKind, "personal", "company", "unknown")),
		text("user.name", func(f *Facts) string { return f.User.Name }),
		{name: "user.groups", kind: cel.ListType(cel.StringType), list: func(f *Facts) []string { return f.User.Groups }},
		text("source.ip", sourceIP),
		text("source.country", func(f *Facts) string { return f.Source.Country }),
		text("source.site", func(f *Facts) string { return f.Source.Site }),
		text("device.id", func(f *Facts) string { return f.Device.ID }),
		text("device.posture", func(f *Facts) string { return f.Device.Posture }),
		text("request.method", func(f *Facts) string { return f.Request.Method }),
		text("request.host", func(f *Facts) string { return f.Request.Host }),
		text("request.path", func(f *Facts) string { return f.Request.Path }),
		late(variable{name: "request.bytes", kind: cel.IntType, number: func(f *Facts) int64 { return f.Request.Bytes }}),
		late(variable{
			name: "files", kind: cel.ListType(cel.ObjectType(fileType)),
			value: func(a types.Adapter, f *Facts) ref.Val { return a.NativeToValue(f.Files) },
		}),
		{
			name: "now", kind: cel.TimestampType,
			value: func(_ types.Adapter, f *Facts) ref.Val { return types.Timestamp{Time: f.Now} },
		},
	}
}

// fileType is the name under which CEL knows [File].
const fileType = "policy.File"

func accountKind(f *Facts) string {
	if f.Account.Kind == "" {
		return "unknown"
	}
	return f.Account.Kind
}

func sourceIP(f *Facts) string {
	if !f.Source.IP.IsValid() {
		return ""
	}
	return f.Source.IP.String()
}

// vocabulary finds variables by name.
type vocabulary struct {
	all   []variable
	index map[string]int
}

func newVocabulary() *vocabulary {
	v := &vocabulary{all: variables(), index: map[string]int{}}
	for i := range v.all {
		v.index[v.all[i].name] = i
	}
	return v
}

func (v *vocabulary) lookup(name string) *variable {
	if i, ok := v.index[name]; ok {
		return &v.all[i]
	}
	return nil
}

func (v *vocabulary) names() []string {
	var names []string
	for i := range v.all {
		names = append(names, v.all[i].name)
	}
	return names
}

// isRoot reports whether name begins a qualified variable: "app", "user".
func (v *vocabulary) isRoot(name string) bool {
	for i := range v.all {
		if strings.HasPrefix(v.all[i].name, name+".") {
			return true
		}
	}
	return false
}

// values hands facts to CEL. Each value is made once a request, when a condition first
// asks for it.
type values struct {
	facts      *Facts
	vocabulary *vocabulary
	adapter    types.Adapter
	made       []ref.Val
}

// ResolveName implements the activation of CEL.
func (v *values) ResolveName(name string) (any, bool) {
	i, ok := v.vocabulary.index[name]
	if !ok {
		return nil, false
	}
	if v.made == nil {
		v.made = make([]ref.Val, len(v.vocabulary.all))
	}
	if v.made[i] == nil {
		v.made[i] = v.make(&v.vocabulary.all[i])
	}
	return v.made[i], true
}

func (v *values) make(x *variable) ref.Val {
	switch {
	case x.text != nil:
		return types.String(x.text(v.facts))
	case x.list != nil:
		return types.NewStringList(v.adapter, x.list(v.facts))
	case x.number != nil:
		return types.Int(x.number(v.facts))
	}
	return x.value(v.adapter, v.facts)
}

// Parent implements the activation of CEL.
func (v *values) Parent() cel.Activation { return nil }
