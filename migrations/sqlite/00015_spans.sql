-- Days that are over, added up in spans of six: a report over months reads a few spans and the days at its
-- ends instead of every day. day is the first of a span. Spans are made in the background, and one
-- whose days have got late rows does not count until it is made again.

-- +goose Up
-- ready: 1 once the sums are there and nothing came since they were begun. events: of the days, when it was begun.
CREATE TABLE span (
  day    INTEGER PRIMARY KEY,
  events INTEGER NOT NULL,
  ready  INTEGER NOT NULL
) STRICT;
CREATE TABLE person_span (
  day INTEGER NOT NULL, usr INTEGER NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (day, usr)
) STRICT, WITHOUT ROWID;
CREATE TABLE device_span (
  day INTEGER NOT NULL, device INTEGER NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (day, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE source_span (
  day INTEGER NOT NULL, src TEXT NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (day, src)
) STRICT, WITHOUT ROWID;
CREATE TABLE user_span (
  day INTEGER NOT NULL, status TEXT NOT NULL, usr INTEGER NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (status, day, usr)
) STRICT, WITHOUT ROWID;
