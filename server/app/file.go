package app

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// File is the configuration file as kong asks for it: a YAML mapping from the
// names of flags to their values. What the command line or the environment
// says goes before it. The zero File has no keys.
type File struct {
	path   string
	values map[string]any
}

// Load reads the file at path, in place of what was read before.
func (f *File) Load(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(b, &values); err != nil {
		return fmt.Errorf("--config: %s is not a YAML mapping of settings: %w", path, err)
	}
	f.path, f.values = path, values
	return nil
}

// Validate refuses a key that is no flag of serve, and a value that is
// not one value or a list of values.
func (f *File) Validate(model *kong.Application) error {
	known := flagsOf(model.Node)
	for _, key := range f.keys() {
		flag, ok := known[key]
		if !ok {
			return fmt.Errorf("%s: there is no setting %q; those there are: %s", f.path, key, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		if _, err := f.value(flag); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) keys() []string {
	keys := make([]string, 0, len(f.values))
	for key := range f.values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// flagsOf returns the flags of the serve command, which are those that a file
// can set, by their names.
func flagsOf(node *kong.Node) map[string]*kong.Flag {
	flags := map[string]*kong.Flag{}
	for _, child := range node.Children {
		if child.Name != "serve" {
			continue
		}
		for _, flag := range child.Flags {
			if flag.Name != "help" && flag.Name != "config" {
				flags[flag.Name] = flag
			}
		}
	}
	return flags
}

// Resolve gives kong the file's value for a flag, or nil where the file has
// none or the environment has one.
func (f *File) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if _, ok := f.values[flag.Name]; !ok {
		return nil, nil
	}
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return nil, nil
		}
	}
	return f.value(flag)
}

// value returns a key's value as text, or as a list of texts, so that it is
// read by the same rules as a flag: a mapping as name=value with semicolons.
func (f *File) value(flag *kong.Flag) (any, error) {
	key := flag.Name
	switch v := f.values[key].(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			text, ok := scalar(v[i])
			if !ok {
				return nil, fmt.Errorf("%s: %s[%d] is not a single value", f.path, key, i)
			}
			list[i] = text
		}
		return list, nil
	case map[string]any:
		if !flag.IsMap() {
			return nil, fmt.Errorf("%s: %s is not a single value or a list of them, but a mapping", f.path, key)
		}
		return f.pairs(key, v)
	default:
		text, ok := scalar(v)
		if !ok {
			return nil, fmt.Errorf("%s: %s is not a single value or a list of them", f.path, key)
		}
		return text, nil
	}
}

func (f *File) pairs(key string, of map[string]any) (string, error) {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		text, ok := scalar(of[name])
		if !ok {
			return "", fmt.Errorf("%s: %s.%s is not a single value", f.path, key, name)
		}
		pairs = append(pairs, name+"="+text)
	}
	return strings.Join(pairs, ";"), nil
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(v), true
	}
	return "", false
}
