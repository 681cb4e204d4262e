package extract

import "fmt"

// rewrite returns the body with cuts applied, from the texts up to the body: each layer
// applies or passes up the splices of the layers within it.
func (d *Doc) rewrite(cuts []Cut) ([]byte, error) {
	if d.signed != "" {
		return nil, fmt.Errorf("%w: the request is signed (%s)", ErrNotEditable, d.signed)
	}
	if len(d.layers) == 0 {
		return nil, fmt.Errorf("%w: the body is not in memory", ErrNotEditable)
	}
	for i := range d.layers {
		d.layers[i].splices = d.layers[i].splices[:0]
	}
	for _, c := range cuts {
		if err := d.addCut(c); err != nil {
			return nil, err
		}
	}
	for i := len(d.layers) - 1; i > 0; i-- {
		l := &d.layers[i]
		if len(l.splices) == 0 {
			continue
		}
		l.splices = merge(l.splices)
		outer := &d.layers[l.parent]
		lifted, err := l.lift(outer.data)
		if err != nil {
			return nil, err
		}
		outer.splices = append(outer.splices, lifted...)
	}
	body := &d.layers[0]
	body.splices = merge(body.splices)
	out := apply(body.data, body.splices)
	if d.fixedSize && len(out) != len(body.data) {
		return nil, fmt.Errorf("%w: the upload has announced its size", ErrNotEditable)
	}
	return out, nil
}

func (d *Doc) addCut(c Cut) error {
	if c.Text < 0 || c.Text >= len(d.Texts) {
		return fmt.Errorf("cut text %d of %d: no such text", c.Text, len(d.Texts))
	}
	t := &d.Texts[c.Text]
	if c.Start < 0 || c.End < c.Start || c.End > len(t.Data) {
		return fmt.Errorf("cut [%d,%d) of a text of %d bytes: out of range", c.Start, c.End, len(t.Data))
	}
	if t.edit.layer == 0 {
		return fmt.Errorf("%w: %s", ErrNotEditable, t.Path)
	}
	l := &d.layers[t.edit.layer-1]
	l.splices = append(l.splices, splice{c.Start, c.End, []byte(c.With)})
	return nil
}
