-- The nodes that run: each tells of itself every few seconds.

-- +goose Up
CREATE TABLE node (
  outbox   TEXT    PRIMARY KEY, -- its outbox's UUID: names may be alike
  name     TEXT    NOT NULL,
  build    TEXT    NOT NULL,
  snapshot TEXT    NOT NULL,    -- of the rules it decides by
  started  INTEGER NOT NULL,
  seen     INTEGER NOT NULL,
  detail   TEXT    NOT NULL     -- its outbox and sinks, JSON
) STRICT, WITHOUT ROWID;
