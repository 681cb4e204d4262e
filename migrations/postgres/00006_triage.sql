-- Triage: why a verdict, what is not worth looking at for a while, and views to come back to.

-- +goose Up
ALTER TABLE review ADD COLUMN reason text NOT NULL DEFAULT '';

-- Events between begins and ends that a detector found are not waiting for triage. An empty
-- usr or app is every one; pattern is what detectors of an event are LIKE.
CREATE TABLE mute (
  id       text COLLATE "C" PRIMARY KEY,
  detector text COLLATE "C" NOT NULL,
  pattern  text COLLATE "C" NOT NULL,
  usr      text COLLATE "C" NOT NULL,
  app      text COLLATE "C" NOT NULL,
  begins   timestamptz NOT NULL,
  ends     timestamptz NOT NULL,
  reason   text NOT NULL,
  by_user  text NOT NULL
);
CREATE INDEX mute_ends ON mute (ends);

-- A filter of the console's list of events, under a name.
CREATE TABLE saved_view (
  id    text COLLATE "C" PRIMARY KEY,
  owner text COLLATE "C" NOT NULL,
  name  text NOT NULL,
  query text NOT NULL,
  team  int NOT NULL, -- 1: everybody sees it
  made  timestamptz NOT NULL
);
