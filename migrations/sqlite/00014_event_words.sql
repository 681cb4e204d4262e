-- Which hosts and rules events have, so that a text is looked for among these and not in every
-- event.

-- +goose Up
CREATE TABLE event_word (
  kind TEXT NOT NULL,
  word TEXT NOT NULL,
  PRIMARY KEY (kind, word)
) STRICT, WITHOUT ROWID;
INSERT INTO event_word (kind, word)
SELECT DISTINCT 'host', host FROM event WHERE host <> '' UNION ALL SELECT DISTINCT 'rule', rule FROM event WHERE rule <> '';
