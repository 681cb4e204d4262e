package extract

import "errors"

// ErrNotEditable says that a body cannot be rewritten: it is signed, or its carrier is unknown.
var ErrNotEditable = errors.New("extract: body cannot be edited")
