package extract

// spilled reads a body that is not in memory: as it is, in windows.
func (w *walk) spilled() {
	w.doc.Texts = append(w.doc.Texts, Text{Role: File, Path: "body", Reader: w.in.Body, Size: w.in.Body.Size()})
	w.doc.layers = nil // it cannot be rewritten
}
