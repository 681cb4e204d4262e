package config

// Unused names the settings in f that this version reads and does nothing with, so that
// nobody relies on them.
func (f *File) Unused() []string {
	var list []string
	for _, u := range []struct {
		set  bool
		name string
	}{
		{len(f.Notify) > 0, "notify"},
	} {
		if u.set {
			list = append(list, u.name)
		}
	}
	return list
}
