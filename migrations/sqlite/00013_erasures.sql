-- Who was forgotten, for a while: rows of before that arrive later are erased on their way in.
-- digest is that of the alias and the name.

-- +goose Up
CREATE TABLE erasure (
  n      INTEGER PRIMARY KEY AUTOINCREMENT,
  alias  TEXT    NOT NULL,
  digest TEXT    NOT NULL,
  upto   INTEGER NOT NULL
) STRICT;
