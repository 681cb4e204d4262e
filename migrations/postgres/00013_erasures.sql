-- Who was forgotten, for a while: rows of before that arrive later are erased on their way in.
-- digest is that of the alias and the name.

-- +goose Up
CREATE TABLE erasure (
  n      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alias  text        NOT NULL,
  digest text        NOT NULL,
  upto   timestamptz NOT NULL
);
