-- The local file: the outbox of this node and, without Postgres, the store.
-- Times are microseconds since 1970; lists of words are |a|b| so that LIKE '%|a|%' finds one.

-- +goose Up

-- first is the number before the first event that belongs to this uuid.
CREATE TABLE outbox (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  uuid  TEXT    NOT NULL,
  first INTEGER NOT NULL
) STRICT;

-- What sinks without a memory of their own have passed on.
CREATE TABLE cursor (
  outbox TEXT    NOT NULL,
  sink   TEXT    NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (outbox, sink)
) STRICT, WITHOUT ROWID;

-- kind 0 is an event; kind 1 counts n more requests for the roll-ups, and belongs to the
-- event of the same id when there is one. AUTOINCREMENT: a number is never used again, even
-- when the outbox has been emptied.
CREATE TABLE event (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind         INTEGER NOT NULL,
  ts           INTEGER NOT NULL,
  id           TEXT    NOT NULL,
  node         TEXT    NOT NULL,
  usr          TEXT    NOT NULL,
  grps         TEXT    NOT NULL,
  actor        TEXT    NOT NULL,
  account_kind TEXT    NOT NULL,
  src          TEXT    NOT NULL,
  country      TEXT    NOT NULL,
  site         TEXT    NOT NULL,
  device       TEXT    NOT NULL,
  app          TEXT    NOT NULL,
  category     TEXT    NOT NULL,
  status       TEXT    NOT NULL,
  app_source   TEXT    NOT NULL,
  activity     TEXT    NOT NULL,
  visibility   TEXT    NOT NULL,
  method       TEXT    NOT NULL,
  host         TEXT    NOT NULL,
  path         TEXT    NOT NULL,
  bytes_out    INTEGER NOT NULL,
  bytes_in     INTEGER NOT NULL,
  action       TEXT    NOT NULL,
  would        TEXT    NOT NULL,
  mode         TEXT    NOT NULL,
  rule         TEXT    NOT NULL,
  nmatch       INTEGER NOT NULL,
  detectors    TEXT    NOT NULL,
  gaps         TEXT    NOT NULL,
  latency_us   INTEGER NOT NULL,
  n            INTEGER NOT NULL,
  detail       TEXT    NOT NULL,
  late_n       INTEGER NOT NULL DEFAULT 0,
  late_in      INTEGER NOT NULL DEFAULT 0,
  sealed       BLOB -- the prompt, encrypted to the customer's key
) STRICT;
CREATE INDEX event_ts ON event (ts, id) WHERE kind = 0;
CREATE INDEX event_usr ON event (usr, ts) WHERE kind = 0;
CREATE INDEX event_notable ON event (ts, id) WHERE kind = 0 AND (nmatch > 0 OR action NOT IN ('allow', 'log'));
CREATE INDEX event_sealed ON event (ts) WHERE sealed IS NOT NULL;
CREATE INDEX event_count ON event (seq) WHERE kind = 1;

-- Requests of the running minute that only count; each becomes one event of kind 1.
CREATE TABLE fold (
  minute    INTEGER NOT NULL,
  key       TEXT    NOT NULL,
  event     TEXT    NOT NULL,
  n         INTEGER NOT NULL,
  bytes_out INTEGER NOT NULL,
  bytes_in  INTEGER NOT NULL,
  PRIMARY KEY (minute, key)
) STRICT, WITHOUT ROWID;

CREATE VIEW events AS
SELECT ts, id, node, usr, grps, actor, account_kind, src, country, site, device, app, category,
       status, app_source, activity, visibility, method, host, path, bytes_out,
       bytes_in + late_in AS bytes_in, action, would, mode, rule, nmatch, detectors, gaps,
       latency_us, n + late_n AS n, detail
FROM event WHERE kind = 0;

-- Raised by every change that running nodes must follow.
CREATE TABLE config_version (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL
) STRICT;
INSERT INTO config_version (one, version) VALUES (1, 1);

CREATE TABLE app_status (
  app     TEXT PRIMARY KEY,
  status  TEXT    NOT NULL CHECK (status IN ('approved', 'in_review', 'unapproved', 'unreviewed')),
  note    TEXT    NOT NULL,
  by_user TEXT    NOT NULL,
  at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE app_status_change (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  app     TEXT    NOT NULL,
  status  TEXT    NOT NULL,
  note    TEXT    NOT NULL,
  by_user TEXT    NOT NULL,
  at      INTEGER NOT NULL
) STRICT;
CREATE INDEX app_status_change_app ON app_status_change (app, id);

-- +goose StatementBegin
CREATE TRIGGER app_status_change_no_update BEFORE UPDATE ON app_status_change
BEGIN SELECT RAISE(ABORT, 'the history of statuses is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER app_status_change_no_delete BEFORE DELETE ON app_status_change
BEGIN SELECT RAISE(ABORT, 'the history of statuses is append-only'); END;
-- +goose StatementEnd

-- With Postgres: the version of the statuses above, copied so that this node enforces them
-- when Postgres is away.
CREATE TABLE mirror (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL
) STRICT;
