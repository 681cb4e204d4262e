-- Days that are over, added up in spans of six: a report over months reads a few spans and the days at its
-- ends instead of every day. day is the first of a span. Spans are made in the background, and one
-- whose days have got late rows does not count until it is made again.

-- +goose Up
-- ready: 1 once the sums are there and nothing came since they were begun. events: of the days, when it was begun.
CREATE TABLE span (
  day    int    PRIMARY KEY,
  events bigint NOT NULL,
  ready  int    NOT NULL
);
CREATE TABLE person_span (
  day int NOT NULL, usr int NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (day, usr)
);
CREATE TABLE device_span (
  day int NOT NULL, device int NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (day, device)
);
CREATE TABLE source_span (
  day int NOT NULL, src text COLLATE "C" NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (day, src)
);
CREATE TABLE user_span (
  day int NOT NULL, status text COLLATE "C" NOT NULL, usr int NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (status, day, usr)
);
