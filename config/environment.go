package config

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/internal/nearest"
)

func envName(key string) string {
	return EnvPrefix + "_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// listsInEnvironment refuses variables of settings that are no single values: who sets one would
// think that it holds.
func listsInEnvironment() (mistakes []error) {
	known := variables(reflect.TypeFor[File](), "")
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if s := known[name]; !s.scalar && os.Getenv(name) != "" {
			mistakes = append(mistakes, fmt.Errorf("%s: %q is no single value; set it in the settings file", name, s.key))
		}
	}
	return mistakes
}

// EnvironmentWarnings says which environment variables begin as settings' do and are nobody's.
// Those that are meant for a setting are mistakes of [Load].
func EnvironmentWarnings() []string {
	_, warnings := unknownVariables(os.Environ())
	return warnings
}

// unknownVariables finds the variables that a setting's name was meant to be: those of a
// section, and slips of a letter or two. Of others it warns: programs around Sluice may have
// variables of that beginning.
func unknownVariables(environ []string) (mistakes []error, warnings []string) {
	known := variables(reflect.TypeFor[File](), "")
	var scalars []string
	for name, s := range known {
		if s.scalar {
			scalars = append(scalars, name)
		}
	}
	slices.Sort(scalars)
	slices.Sort(environ)
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if _, ok := known[name]; ok || value == "" || !strings.EqualFold(name[:min(len(name), len(envName("")))], envName("")) || othersVariable(name, value) {
			continue
		}
		near, slips := nearest.Word(name, scalars), 1
		if len(name) > shortName {
			slips = 2
		}
		own := sectionOf(strings.ToUpper(name))
		section := slices.DeleteFunc(slices.Clone(scalars), func(s string) bool { return own == "" || sectionOf(s) != own })
		switch {
		case near != "" && nearest.Edits(name, near) <= slips:
			mistakes = append(mistakes, fmt.Errorf("%s: unknown setting (did you mean %q?)", name, near))
		case len(section) > 0:
			mistakes = append(mistakes, fmt.Errorf("%s: unknown setting%s", name, nearest.HintOrAll(name, section)))
		default:
			warnings = append(warnings, name+": no setting has this name, and it changes nothing; each is built as SLUICE_ICAP_LISTEN is")
		}
	}
	return mistakes, warnings
}

// shortName is up to which length one wrong letter makes another word: SLUICE_HOME is not
// SLUICE_NODE.
const shortName = len("SLUICE_NODE")

// setting is a key, and whether it is a single value, which alone a variable can set.
type setting struct {
	key    string
	scalar bool
}

// variables returns the settings below t by the variable of each.
func variables(t reflect.Type, prefix string) map[string]setting {
	out := map[string]setting{}
	for i := range t.NumField() {
		field, key := t.Field(i), prefix+t.Field(i).Tag.Get("yaml")
		if kind := field.Type.Kind(); kind != reflect.Struct {
			out[envName(key)] = setting{key, kind != reflect.Slice && kind != reflect.Map}
			continue
		}
		maps.Copy(out, variables(field.Type, key+"."))
	}
	return out
}

// sectionOf returns the beginning of a variable that its section gives it, or "" for none.
func sectionOf(name string) string {
	parts := strings.SplitN(name, "_", 3)
	if len(parts) < 3 {
		return ""
	}
	return parts[1]
}

// othersVariable reports variables that are no settings: Sluice's own switches, and what
// Kubernetes sets in every container for a service of that name.
func othersVariable(name, value string) bool {
	switch name {
	case "SLUICE_KERNEL", "SLUICE_TOKEN":
		return true
	}
	return service.MatchString(name) && (!strings.HasSuffix(name, "_PORT") || strings.Contains(value, "://"))
}

var service = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT(_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?$`)
