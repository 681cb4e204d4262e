package known

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
)

// A document is kept as the hashes of some of its passages of passage words: of every
// window passages in a row the one with the least hash (winnowing, Schleimer, Wilkerson
// and Aiken, 2003), so that a copy of passage+window-1 words shares at least one.
const (
	passage = 6
	window  = 4

	maxDocuments = 10_000
	maxPassages  = 4_000_000
	fewest       = 4   // shared passages below which nothing is said
	boilerplate  = 256 // documents that share a passage beyond which the others are not told
)

// Library finds passages of registered documents. It is immutable.
type Library struct {
	documents []document
	check     []byte
	hasher    hasher
	index     []posting // ascending
}

// posting says that a passage is in a document.
type posting struct {
	hash     uint64
	document uint32
}

// document is one line of a library's file.
type document struct {
	Name   string `json:"name"`
	Hashes []byte `json:"hashes"` // 8 bytes each, ascending
}

type libraryHead struct {
	Check []byte `json:"check"`
}

const libraryMagic = "SLUICE-FP 1\n"

// AddDocument returns the library's file with one more document; nil starts a new file. A
// document of the same name is replaced.
func AddDocument(file []byte, name string, text, key []byte) ([]byte, error) {
	l := &Library{check: keyCheck(key)}
	if len(file) > 0 {
		old, err := OpenLibrary(file)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(old.check, l.check) {
			return nil, ErrKey
		}
		l = old
	}
	chosen := passages(text, newHasher(key, "passage"))
	if len(chosen) < fewest {
		return nil, fmt.Errorf("document %q: too short to be told from others; it needs about %d words", name, passage+fewest*window)
	}
	hashes := make([]uint64, len(chosen))
	for i, p := range chosen {
		hashes[i] = p.hash
	}
	slices.Sort(hashes)
	d := document{Name: name}
	for _, h := range slices.Compact(hashes) {
		d.Hashes = binary.LittleEndian.AppendUint64(d.Hashes, h)
	}
	l.documents = slices.DeleteFunc(l.documents, func(o document) bool { return o.Name == name })
	l.documents = append(l.documents, d)
	return l.file()
}

func (l *Library) file() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(libraryMagic)
	enc := json.NewEncoder(&out)
	if err := enc.Encode(libraryHead{l.check}); err != nil {
		return nil, err
	}
	for _, d := range l.documents {
		if err := enc.Encode(d); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// OpenLibrary reads what AddDocument returned.
func OpenLibrary(file []byte) (*Library, error) {
	rest, ok := bytes.CutPrefix(file, []byte(libraryMagic))
	if !ok {
		return nil, ErrFile
	}
	dec := json.NewDecoder(bytes.NewReader(rest))
	var head libraryHead
	if err := dec.Decode(&head); err != nil || len(head.Check) != checkSize {
		return nil, ErrFile
	}
	l := &Library{check: head.Check}
	total := 0
	for dec.More() {
		var d document
		if err := dec.Decode(&d); err != nil || len(d.Hashes)%8 != 0 {
			return nil, ErrFile
		}
		if total += len(d.Hashes) / 8; total > maxPassages || len(l.documents) >= maxDocuments {
			return nil, fmt.Errorf("more than %d documents or %d passages; split the file", maxDocuments, maxPassages)
		}
		l.documents = append(l.documents, d)
	}
	return l, nil
}

// WithKey returns the library ready to find. It fails with ErrKey for another key.
func (l *Library) WithKey(key []byte) (*Library, error) {
	if !bytes.Equal(l.check, keyCheck(key)) {
		return nil, ErrKey
	}
	open := &Library{documents: l.documents, check: l.check, hasher: newHasher(key, "passage")}
	for i, d := range l.documents {
		for at := 0; at < len(d.Hashes); at += 8 {
			open.index = append(open.index, posting{binary.LittleEndian.Uint64(d.Hashes[at:]), uint32(i)})
		}
	}
	slices.SortFunc(open.index, func(x, y posting) int {
		return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.document, y.document))
	})
	return open, nil
}

// chosenPassage is a passage that winnowing kept.
type chosenPassage struct {
	hash       uint64
	start, end int
}

// passages returns the passages of a text that stand for it.
func passages(text []byte, h hasher) []chosenPassage {
	list, folded := words(text)
	if len(list) < passage {
		return nil
	}
	all := make([]chosenPassage, 0, len(list)-passage+1)
	for i := 0; i+passage <= len(list); i++ {
		// Words are next to each other in folded, so a passage is one slice of it.
		all = append(all, chosenPassage{
			h.sum(folded[list[i].from:list[i+passage-1].to]), list[i].start, list[i+passage-1].end,
		})
	}
	var out []chosenPassage
	last := -1
	for i := 0; i+window <= len(all) || i == 0; i++ {
		least := i
		for j := i; j < min(i+window, len(all)); j++ {
			if all[j].hash <= all[least].hash {
				least = j
			}
		}
		if least != last {
			out = append(out, all[least])
			last = least
		}
	}
	return out
}

// Match is what a text shares with one document.
type Match struct {
	Name       string
	Similarity float64 // the larger of: share of the document in the text, share of the text in the document
	Start, End int
}

// Find calls hit for every document of which the text holds at least a share.
func (l *Library) Find(text []byte, least float64, hit func(Match)) {
	if len(l.index) == 0 {
		return
	}
	own := passages(text, l.hasher)
	shared := map[uint32][]chosenPassage{}
	for _, p := range own {
		i, _ := slices.BinarySearchFunc(l.index, p.hash, func(x posting, h uint64) int { return cmp.Compare(x.hash, h) })
		for n := 0; n < boilerplate && i < len(l.index) && l.index[i].hash == p.hash; i, n = i+1, n+1 {
			d := l.index[i].document
			shared[d] = append(shared[d], p)
		}
	}
	for i := range l.documents {
		got := shared[uint32(i)]
		if len(got) < fewest {
			continue
		}
		size := len(l.documents[i].Hashes) / 8
		m := Match{Name: l.documents[i].Name, Start: got[0].start}
		m.Similarity = min(1, float64(len(got))/float64(size))
		if len(got) >= 2*fewest {
			m.Similarity = max(m.Similarity, float64(len(got))/float64(len(own)))
		}
		for _, p := range got {
			m.End = max(m.End, p.end)
		}
		if m.Similarity >= least {
			hit(m)
		}
	}
}
