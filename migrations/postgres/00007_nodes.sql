-- The nodes that run: each tells of itself every few seconds.

-- +goose Up
CREATE TABLE node (
  outbox   text COLLATE "C" PRIMARY KEY, -- its outbox's UUID: names may be alike
  name     text COLLATE "C" NOT NULL,
  build    text COLLATE "C" NOT NULL,
  snapshot text COLLATE "C" NOT NULL,    -- of the rules it decides by
  started  timestamptz NOT NULL,
  seen     timestamptz NOT NULL,
  detail   text COLLATE "C" NOT NULL     -- its outbox and sinks, JSON
);
