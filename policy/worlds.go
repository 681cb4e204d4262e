package policy

import "slices"

// maxWorlds bounds the search for facts under which a condition holds.
const maxWorlds = 20_000

// worlds are all facts that the guards of some conditions can tell apart: a variable that is
// compared with constants is each of these, and something else.
type worlds struct {
	choices []choice
	many    bool // too many to try: anything may be
	app     func(id string) (App, bool)
}

// choice is a variable with the values that matter.
type choice struct {
	set func(f *Facts, value int)
	n   int
}

// worldsOf collects what the guards of conditions compare.
func (l *loader) worldsOf(conditions ...*condition) worlds {
	w := worlds{app: l.compiler.options.App}
	words, numbers := map[string][]string{}, map[string][]int64{}
	var order []*variable
	for _, c := range conditions {
		for i := range c.parts {
			for _, m := range c.parts[i].closed() {
				if _, seen := words[m.of.name]; !seen {
					order = append(order, m.of)
				}
				words[m.of.name] = append(words[m.of.name], m.words...)
				numbers[m.of.name] = append(numbers[m.of.name], m.numbers...)
			}
		}
	}
	total := 1
	for _, x := range order {
		one := x.choice(words[x.name], numbers[x.name])
		if total *= one.n; total > maxWorlds || total == 0 {
			return worlds{many: true}
		}
		w.choices = append(w.choices, one)
	}
	return w
}

// closed returns what a part compares when that settles it, and nothing else.
func (p *part) closed() []mention {
	if !p.settled() {
		return nil
	}
	return p.guard.mentions
}

// settled reports whether the comparisons of a part decide whether it holds.
func (p *part) settled() bool {
	return p.program == nil && !p.guard.open && !slices.ContainsFunc(p.guard.mentions, func(m mention) bool { return !m.of.free() })
}

// isFalse reports whether a part never holds, whatever the facts: it names none of them.
func (p *part) isFalse() bool {
	if p.program == nil {
		return len(p.guard.mentions) == 0 && !p.guard.open && !p.guard.test(&Facts{})
	}
	if p.names {
		return false
	}
	ok, err := p.holds(&values{facts: &Facts{}, vocabulary: &vocabulary{}})
	return err == nil && !ok
}

// guards reports whether c may hold: every part that comparisons settle does.
func (c *condition) guards(f *Facts) bool {
	if c == nil {
		return true
	}
	for i := range c.parts {
		if p := &c.parts[i]; p.settled() && !p.guard.test(f) {
			return false
		}
	}
	return true
}

// certain reports whether comparisons settle all of c.
func (c *condition) certain() bool {
	return c == nil || !slices.ContainsFunc(c.parts, func(p part) bool { return !p.settled() })
}

// any reports whether holds is true of some world.
func (w worlds) any(holds func(*Facts) bool) bool {
	at := make([]int, len(w.choices))
	for !w.many {
		f := &Facts{}
		for i, c := range w.choices {
			c.set(f, at[i])
		}
		if w.app != nil {
			if known, ok := w.app(f.App.ID); ok {
				f.App.Name, f.App.Vendor, f.App.Category = known.Name, known.Vendor, known.Category
			}
		}
		if holds(f) {
			return true
		}
		i := 0
		for ; i < len(at); i++ {
			if at[i]++; at[i] < w.choices[i].n {
				break
			}
			at[i] = 0
		}
		if i == len(at) {
			return false
		}
	}
	return true
}

// free reports whether a variable can be set to any value.
func (x *variable) free() bool {
	return x.textField(&Facts{}) != nil || x.name == "app.status" || x.name == "user.groups" || x.name == "request.bytes"
}

// choice returns the values of x between which comparisons with words or numbers can tell.
func (x *variable) choice(words []string, numbers []int64) choice {
	words = unique(words)
	switch x.name {
	case "user.groups":
		if len(words) > 12 {
			return choice{n: maxWorlds + 1}
		}
		return choice{n: 1 << len(words), set: func(f *Facts, bits int) {
			f.User.Groups = nil
			for i, w := range words {
				if bits&(1<<i) != 0 {
					f.User.Groups = append(f.User.Groups, w)
				}
			}
		}}
	case "request.bytes":
		values := []int64{0}
		for _, n := range numbers {
			values = append(values, n-1, n, n+1)
		}
		return choice{n: len(values), set: func(f *Facts, i int) { f.Request.Bytes = values[i] }}
	case "app.status":
		values := Statuses()
		return choice{n: len(values), set: func(f *Facts, i int) { f.App.Status = values[i] }}
	}
	values := append(words, "\x00another")
	if x.words != nil {
		values = x.words()
	}
	return choice{n: len(values), set: func(f *Facts, i int) { *x.textField(f) = values[i] }}
}

func unique(words []string) []string {
	words = slices.Clone(words)
	slices.Sort(words)
	return slices.Clip(slices.Compact(words))
}

// textField is where a text variable has its value; nil for one that is made from others.
func (x *variable) textField(f *Facts) *string {
	switch x.name {
	case "app.id":
		return &f.App.ID
	case "app.name":
		return &f.App.Name
	case "app.vendor":
		return &f.App.Vendor
	case "app.category":
		return &f.App.Category
	case "app.host":
		return &f.App.Host
	case "activity":
		return &f.Activity
	case "actor":
		return &f.Actor
	case "account.id":
		return &f.Account.ID
	case "account.plan":
		return &f.Account.Plan
	case "account.kind":
		return &f.Account.Kind
	case "user.name":
		return &f.User.Name
	case "source.country":
		return &f.Source.Country
	case "source.site":
		return &f.Source.Site
	case "device.id":
		return &f.Device.ID
	case "device.posture":
		return &f.Device.Posture
	case "request.method":
		return &f.Request.Method
	case "request.host":
		return &f.Request.Host
	case "request.path":
		return &f.Request.Path
	}
	return nil
}
