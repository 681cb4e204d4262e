package reqmod

import "github.com/sluice-dlp/sluice/icap"

// fields is a header cut into its fields once: a request's hops ask for dozens of names.
type fields []field

// fieldsKept is how many fields a request leaves room for to another one.
const fieldsKept = 128

type field struct{ name, value []byte }

// of returns the fields of h, which must stay as it is while they are used. They take the
// place of f's.
func (f fields) of(h icap.Header) fields {
	if f = f[:0]; f == nil {
		f = make(fields, 0, 24)
	}
	h.Each(func(name, value []byte) bool {
		f = append(f, field{name, value})
		return true
	})
	return f
}

// get returns the value of the first field of that name, in any case; nil when there is
// none.
func (f fields) get(name string) []byte {
	for i := range f {
		if len(f[i].name) == len(name) && equalFold(f[i].name, name) {
			return f[i].value
		}
	}
	return nil
}
