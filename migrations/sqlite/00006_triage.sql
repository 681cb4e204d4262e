-- Triage: why a verdict, what is not worth looking at for a while, and views to come back to.

-- +goose Up
ALTER TABLE review ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- Events between begins and ends that a detector found are not waiting for triage. An empty
-- usr or app is every one; pattern is what detectors of an event are LIKE.
CREATE TABLE mute (
  id       TEXT    PRIMARY KEY,
  detector TEXT    NOT NULL,
  pattern  TEXT    NOT NULL,
  usr      TEXT    NOT NULL,
  app      TEXT    NOT NULL,
  begins   INTEGER NOT NULL,
  ends     INTEGER NOT NULL,
  reason   TEXT    NOT NULL,
  by_user  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mute_ends ON mute (ends);

-- A filter of the console's list of events, under a name.
CREATE TABLE saved_view (
  id    TEXT    PRIMARY KEY,
  owner TEXT    NOT NULL,
  name  TEXT    NOT NULL,
  query TEXT    NOT NULL,
  team  INTEGER NOT NULL, -- 1: everybody sees it
  made  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
