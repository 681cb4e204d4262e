-- Roll-ups: what reports read. Hours and days are counted from 1970 in UTC. Measures:
-- events (requests, also those that only count), prompts, uploads, matched (requests with a
-- finding), stopped (stricter than log), bytes_out, bytes_in.

-- +goose Up
CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE device (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE group_set (id INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL UNIQUE, names TEXT NOT NULL) STRICT;
CREATE TABLE group_member (
  set_id INTEGER NOT NULL REFERENCES group_set (id),
  grp    TEXT    NOT NULL,
  PRIMARY KEY (set_id, grp)
) STRICT, WITHOUT ROWID;

-- Apps as they were first and last seen.
CREATE TABLE app (
  app      TEXT    PRIMARY KEY,
  name     TEXT    NOT NULL,
  category TEXT    NOT NULL,
  status   TEXT    NOT NULL,
  first_ts INTEGER NOT NULL,
  last_ts  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_hourly (
  app TEXT NOT NULL, hour INTEGER NOT NULL, usr INTEGER NOT NULL, device INTEGER NOT NULL, src TEXT NOT NULL,
  country TEXT NOT NULL, grp INTEGER NOT NULL, status TEXT NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (app, hour, usr, device, src, country, grp, status)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_hourly_hour ON usage_hourly (hour);

CREATE TABLE app_hourly (
  hour INTEGER NOT NULL, app TEXT NOT NULL, status TEXT NOT NULL, action TEXT NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (hour, app, status, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_app_daily (
  app TEXT NOT NULL, day INTEGER NOT NULL, usr INTEGER NOT NULL, status TEXT NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (app, day, usr, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_daily (
  day INTEGER NOT NULL, usr INTEGER NOT NULL, status TEXT NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (day, usr, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_daily (
  day INTEGER NOT NULL, device INTEGER NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (day, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_daily (
  day INTEGER NOT NULL, grp INTEGER NOT NULL, status TEXT NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (day, grp, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE place_daily (
  day INTEGER NOT NULL, country TEXT NOT NULL, site TEXT NOT NULL, app TEXT NOT NULL, status TEXT NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (day, country, site, app, status)
) STRICT, WITHOUT ROWID;

-- passed is 1 for allow, log and notify: with a gap, that request failed open.
CREATE TABLE coverage_daily (
  day INTEGER NOT NULL, app TEXT NOT NULL, visibility TEXT NOT NULL, source TEXT NOT NULL, gap TEXT NOT NULL,
  passed INTEGER NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (day, app, visibility, source, gap, passed)
) STRICT, WITHOUT ROWID;

-- A finding of a detector in two profiles is in two rows; profile '' has each once.
CREATE TABLE match_daily (
  day INTEGER NOT NULL, app TEXT NOT NULL, profile TEXT NOT NULL, detector TEXT NOT NULL, severity TEXT NOT NULL,
  confidence TEXT NOT NULL, action TEXT NOT NULL,
  findings INTEGER NOT NULL, events INTEGER NOT NULL,
  PRIMARY KEY (day, app, profile, detector, severity, confidence, action)
) STRICT, WITHOUT ROWID;

-- Who used an app on a day: a roaring bitmap of person ids. App '' holds those of all apps.
CREATE TABLE app_people (
  day    INTEGER NOT NULL,
  app    TEXT    NOT NULL,
  people BLOB    NOT NULL,
  PRIMARY KEY (day, app)
) STRICT, WITHOUT ROWID;
