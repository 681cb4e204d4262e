package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice-dlp/sluice/event"
)

// copyColumns are event.Columns; id, usr, grps and device hold numbers here.
func copyColumns() string {
	return strings.Replace(event.Columns, "grps", "grp", 1) + ", sealed"
}

// copyWidth is how many copyColumns there are.
const copyWidth = 33

// encodeCopy appends to b the events of batch for table event in the binary form of COPY. It is
// encoded here, because looking up how to encode each value took pgx longer than all else.
func encodeCopy(b copyBuffer, batch []event.Numbered, ids []rowIDs) (copyBuffer, error) {
	b = append(b, "PGCOPY\n\xff\r\n\x00"...)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // no flags, no more header
	for i := range batch {
		if batch[i].Counts {
			continue
		}
		if err := b.row(&batch[i], ids[i]); err != nil {
			return nil, err
		}
	}
	return append(b, 0xff, 0xff), nil // the end
}

// copyBuffer is rows in the binary form of COPY: each field is its length and its bytes.
type copyBuffer []byte

func (b copyBuffer) send(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(b), `COPY event (`+copyColumns()+`) FROM STDIN BINARY`)
	return err
}

func (b *copyBuffer) row(n *event.Numbered, ids rowIDs) error {
	id, err := uuidBytes(n.Event.ID)
	if err != nil {
		return err
	}
	*b = binary.BigEndian.AppendUint16(*b, copyWidth)
	e := &n.Event
	b.int8(e.Time.UnixMicro() - postgresEpoch)
	b.bytes(id[:])
	b.text(e.Node)
	b.int4(ids.usr)
	b.int4(ids.grp)
	for _, s := range [...]string{e.Actor, e.Account.Kind, e.Source.IP, e.Source.Country, e.Source.Site} {
		b.text(s)
	}
	b.int4(ids.device)
	for _, s := range [...]string{
		e.App.ID, e.App.Category, e.App.Status, e.App.Source, e.Activity, e.Visibility, e.Method, e.Host, e.Path,
	} {
		b.text(s)
	}
	b.int8(e.BytesOut)
	b.int8(e.BytesIn)
	for _, s := range [...]string{e.Decision.Action, e.Decision.Would, e.Decision.Mode, e.Decision.Rule} {
		b.text(s)
	}
	b.int8(n.MatchCount())
	b.text(n.Detectors())
	b.text(n.Gaps())
	b.int8(e.LatencyUS)
	b.int8(n.Requests())
	b.text(n.Detail())
	if sealed := n.Sealed(); len(sealed) > 0 {
		b.bytes(sealed)
	} else {
		*b = append(*b, 0xff, 0xff, 0xff, 0xff) // NULL
	}
	return nil
}

// postgresEpoch is 2000-01-01, from which Postgres counts, in microseconds since 1970.
var postgresEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func (b *copyBuffer) text(s string) {
	*b = append(binary.BigEndian.AppendUint32(*b, uint32(len(s))), s...)
}

func (b *copyBuffer) bytes(s []byte) {
	*b = append(binary.BigEndian.AppendUint32(*b, uint32(len(s))), s...)
}

func (b *copyBuffer) int4(n int32) {
	*b = binary.BigEndian.AppendUint32(append(*b, 0, 0, 0, 4), uint32(n))
}

func (b *copyBuffer) int8(n int64) {
	*b = binary.BigEndian.AppendUint64(append(*b, 0, 0, 0, 8), uint64(n))
}

func uuidBytes(s string) (id [16]byte, err error) {
	if len(s) != 36 {
		return id, errors.New("event id is not a UUID")
	}
	if _, err = hex.Decode(id[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:])); err != nil {
		return id, fmt.Errorf("event id is not a UUID: %w", err)
	}
	return id, nil
}
