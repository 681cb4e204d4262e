-- Roll-ups: what reports read. Hours and days are counted from 1970 in UTC. Measures:
-- events (requests, also those that only count), prompts, uploads, matched (requests with a
-- finding), stopped (stricter than log), bytes_out, bytes_in.

-- +goose Up
-- Apps as they were first and last seen.
CREATE TABLE app (
  app      text COLLATE "C"    PRIMARY KEY,
  name     text COLLATE "C"    NOT NULL,
  category text COLLATE "C"    NOT NULL,
  status   text COLLATE "C"    NOT NULL,
  first_ts timestamptz NOT NULL,
  last_ts  timestamptz NOT NULL
);

CREATE TABLE usage_hourly (
  app text COLLATE "C" NOT NULL, hour int NOT NULL, usr int NOT NULL, device int NOT NULL, src text COLLATE "C" NOT NULL,
  country text COLLATE "C" NOT NULL, grp int NOT NULL, status text COLLATE "C" NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (app, hour, usr, device, src, country, grp, status)
) WITH (fillfactor = 80);
CREATE INDEX usage_hourly_hour ON usage_hourly USING brin (hour);

CREATE TABLE app_hourly (
  hour int NOT NULL, app text COLLATE "C" NOT NULL, status text COLLATE "C" NOT NULL, action text COLLATE "C" NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (hour, app, status, action)
) WITH (fillfactor = 80);

CREATE TABLE user_app_daily (
  app text COLLATE "C" NOT NULL, day int NOT NULL, usr int NOT NULL, status text COLLATE "C" NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (app, day, usr, status)
) WITH (fillfactor = 80);

CREATE TABLE user_daily (
  day int NOT NULL, usr int NOT NULL, status text COLLATE "C" NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (day, usr, status)
) WITH (fillfactor = 80);

CREATE TABLE device_daily (
  day int NOT NULL, device int NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (day, device)
) WITH (fillfactor = 80);

CREATE TABLE group_daily (
  day int NOT NULL, grp int NOT NULL, status text COLLATE "C" NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (day, grp, status)
) WITH (fillfactor = 80);

CREATE TABLE place_daily (
  day int NOT NULL, country text COLLATE "C" NOT NULL, site text COLLATE "C" NOT NULL, app text COLLATE "C" NOT NULL, status text COLLATE "C" NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (day, country, site, app, status)
) WITH (fillfactor = 80);

-- passed is 1 for allow, log and notify: with a gap, that request failed open.
CREATE TABLE coverage_daily (
  day int NOT NULL, app text COLLATE "C" NOT NULL, visibility text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL, gap text COLLATE "C" NOT NULL,
  passed int NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (day, app, visibility, source, gap, passed)
) WITH (fillfactor = 80);

-- A finding of a detector in two profiles is in two rows; profile '' has each once.
CREATE TABLE match_daily (
  day int NOT NULL, app text COLLATE "C" NOT NULL, profile text COLLATE "C" NOT NULL, detector text COLLATE "C" NOT NULL, severity text COLLATE "C" NOT NULL,
  confidence text COLLATE "C" NOT NULL, action text COLLATE "C" NOT NULL,
  findings bigint NOT NULL, events bigint NOT NULL,
  PRIMARY KEY (day, app, profile, detector, severity, confidence, action)
) WITH (fillfactor = 80);

-- Who used an app on a day: a roaring bitmap of person ids. App '' holds those of all apps.
CREATE TABLE app_people (
  day    int NOT NULL,
  app    text COLLATE "C"    NOT NULL,
  people bytea    NOT NULL,
  PRIMARY KEY (day, app)
);
