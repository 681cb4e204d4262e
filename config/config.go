// Package config reads sluice.yaml, the environment and flags into the options of the
// other packages. Every mistake is reported in one run, each with its place and remedy.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// EnvPrefix begins every environment variable that Load reads: SLUICE_ICAP_LISTEN.
const EnvPrefix = "SLUICE"

// Load reads the file at path (empty: no file), then environment variables, then those of
// flags that were set and whose names are keys ("icap.listen"). Paths in the file are
// relative to it. The error joins every mistake. A File that comes with an error has the
// defaults where the mistakes are: enough to look for further mistakes, not to serve.
func Load(path string, flags *pflag.FlagSet) (*File, error) {
	f, d := Defaults(), decoder{name: path, lines: map[string]int{}, bad: map[string]bool{}}
	dir := ""
	if path != "" {
		data, err := readFile(path)
		if err != nil {
			return nil, fmt.Errorf("read settings: %w", err)
		}
		dir = filepath.Dir(path)
		if err := d.decode(data, &f); err != nil {
			return nil, err
		}
	}
	set, wrong := override(&f, flags)
	for key := range set {
		delete(d.bad, key) // the value of the file does not hold
	}
	f.resolve(dir)
	invalid, keys := f.validate(places{path, d.lines, set}, d.bad)
	f.mend(keys, dir)
	return &f, errors.Join(slices.Concat(d.mistakes, wrong, invalid)...)
}

// maxFile bounds a settings file in bytes.
const maxFile = 1 << 20

// readFile reads a settings file, which may be a pipe; its error says what to name instead.
func readFile(path string) ([]byte, error) {
	if isDir(path) {
		return nil, fmt.Errorf("%s is a directory; name the file in it, such as %s", path, filepath.Join(path, "sluice.yaml"))
	}
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w; correct --config, or leave it out for sluice.yaml of this directory or the defaults", err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w; let this user read it", err)
	case err != nil:
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes, which no settings are", path, maxFile)
	}
	return data, err
}

// mend gives the sections of keys their defaults, and drops directories that are not there.
func (f *File) mend(keys []string, dir string) {
	if len(keys) == 0 {
		return
	}
	usual := Defaults()
	usual.resolve(dir)
	to, from := reflect.ValueOf(f).Elem(), reflect.ValueOf(usual)
	for i := range to.NumField() {
		section := to.Type().Field(i).Tag.Get("yaml")
		if slices.ContainsFunc(keys, func(key string) bool { return key[:strings.IndexAny(key+".", ".[")] == section }) {
			if dirs, ok := to.Field(i).Addr().Interface().(*Dirs); ok {
				dirs.Dirs = slices.DeleteFunc(dirs.Dirs, func(dir string) bool { return !isDir(dir) })
				continue
			}
			to.Field(i).Set(from.Field(i))
		}
	}
}

// override applies environment and flags by way of viper to every scalar key. It returns what
// has set each of these keys, as its user wrote it, and the mistakes.
func override(f *File, flags *pflag.FlagSet) (set map[string]string, mistakes []error) {
	set = map[string]string{}
	v := viper.New()
	v.SetEnvPrefix(EnvPrefix)
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	v.AutomaticEnv()
	walk(reflect.ValueOf(f).Elem(), "", func(key string, field reflect.Value, _ reflect.StructTag) {
		if flags != nil {
			if flag := flags.Lookup(key); flag != nil {
				if err := v.BindPFlag(key, flag); err != nil {
					mistakes = append(mistakes, fmt.Errorf("flag --%s: %w", key, err))
				}
			}
		}
		if !v.IsSet(key) {
			return
		}
		by := envName(key)
		if flag := lookup(flags, key); flag != nil && flag.Changed {
			by = "--" + key
		} else if _, given := os.LookupEnv(by); !given {
			return // the default of a flag
		}
		set[key] = by
		if err := setScalar(field, v.GetString(key)); err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %w", by, err))
		}
	})
	unknown, _ := unknownVariables(os.Environ())
	return set, slices.Concat(mistakes, listsInEnvironment(), unknown)
}

func lookup(flags *pflag.FlagSet, key string) *pflag.Flag {
	if flags == nil {
		return nil
	}
	return flags.Lookup(key)
}

// walk calls visit for every scalar field, with its dotted key.
func walk(v reflect.Value, prefix string, visit func(key string, field reflect.Value, tag reflect.StructTag)) {
	for i := range v.NumField() {
		field, key := v.Field(i), prefix+v.Type().Field(i).Tag.Get("yaml")
		switch field.Kind() {
		case reflect.Struct:
			walk(field, key+".", visit)
		case reflect.Slice, reflect.Map: // only the file sets lists and maps
		default:
			visit(key, field, v.Type().Field(i).Tag)
		}
	}
}

type textUnmarshaler interface{ UnmarshalText(text []byte) error }

func setScalar(field reflect.Value, s string) error {
	if u, ok := field.Addr().Interface().(textUnmarshaler); ok {
		return u.UnmarshalText([]byte(s))
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(s)
	case reflect.Int:
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", s)
		}
		field.SetInt(int64(n))
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is not true or false", s)
		}
		field.SetBool(b)
	default:
		return fmt.Errorf("a setting of kind %s cannot be set here", field.Kind())
	}
	return nil
}

// resolve makes paths relative to the settings file, and fills what depends on others.
func (f *File) resolve(dir string) {
	abs := func(p string) string {
		if p == "" || filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(dir, p)
	}
	walk(reflect.ValueOf(f).Elem(), "", func(_ string, field reflect.Value, tag reflect.StructTag) {
		if tag.Get("path") != "" {
			field.SetString(abs(field.String()))
		}
	})
	for _, dirs := range [][]string{f.Catalogue.Dirs, f.Profiles.Dirs} {
		for i := range dirs {
			dirs[i] = abs(dirs[i])
		}
	}
	for i := range f.Notify {
		n := &f.Notify[i]
		n.URLFile, n.CA = abs(n.URLFile), abs(n.CA)
	}
	for i := range f.Export {
		e := &f.Export[i]
		for _, p := range []*string{&e.Path, &e.TokenFile, &e.CA, &e.Cert, &e.Key} {
			*p = abs(*p)
		}
	}
	if f.Keys.File == "" {
		f.Keys.File = filepath.Join(f.DataDir, "keys")
	}
	if f.Node == "" {
		f.Node, _ = os.Hostname()
	}
}
