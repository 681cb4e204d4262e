-- Where the file is an outbox alone nobody asks it for single events: its rows are kept many
-- in one, for a row of SQLite costs as much as everything in it. last is the number of the last
-- of n rows, whose numbers follow each other.

-- +goose Up
CREATE TABLE packed (
  last INTEGER PRIMARY KEY,
  n    INTEGER NOT NULL,
  body BLOB    NOT NULL
) STRICT;
