-- What people decide: exceptions, reviews, accounts; and the audit trail of it.

-- +goose Up
CREATE TABLE exception (
  id            TEXT    PRIMARY KEY,
  usr           TEXT    NOT NULL,
  ip            TEXT    NOT NULL, -- for people without a name
  app           TEXT    NOT NULL,
  subject       TEXT    NOT NULL, -- a profile, gap:<gap>, or app
  justification TEXT    NOT NULL, -- masked
  event         TEXT    NOT NULL, -- the event it was asked for
  state         TEXT    NOT NULL CHECK (state IN ('pending', 'active', 'denied', 'revoked')),
  created       INTEGER NOT NULL,
  expires       INTEGER NOT NULL,
  decided_by    TEXT    NOT NULL,
  decided_at    INTEGER NOT NULL,
  note          TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX exception_expires ON exception (expires);
CREATE INDEX exception_usr ON exception (usr);

-- Coach tokens that were used; they expire within minutes.
CREATE TABLE used_token (
  id      TEXT    PRIMARY KEY,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_token_expires ON used_token (expires);

CREATE TABLE review (
  id        TEXT    PRIMARY KEY, -- of the event
  ts        INTEGER NOT NULL,    -- of the event
  app       TEXT    NOT NULL,
  detectors TEXT    NOT NULL,
  state     TEXT    NOT NULL CHECK (state IN ('new', 'in_progress', 'confirmed', 'false_positive', 'accepted')),
  assignee  TEXT    NOT NULL,
  note      TEXT    NOT NULL,
  by_user   TEXT    NOT NULL,
  at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX review_ts ON review (ts);

CREATE TABLE account (
  name     TEXT    PRIMARY KEY,
  role     TEXT    NOT NULL,
  secret   TEXT    NOT NULL, -- a password's hash; empty for accounts of an identity provider
  disabled INTEGER NOT NULL,
  created  INTEGER NOT NULL,
  changed  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Each line's hash covers the one before it: a line that is changed or missing shows.
CREATE TABLE audit (
  seq    INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  actor  TEXT    NOT NULL,
  action TEXT    NOT NULL,
  target TEXT    NOT NULL,
  before TEXT    NOT NULL,
  after  TEXT    NOT NULL,
  hash   TEXT    NOT NULL
) STRICT;
CREATE TABLE audit_head (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  seq  INTEGER NOT NULL,
  hash TEXT    NOT NULL
) STRICT;
INSERT INTO audit_head (one, seq, hash) VALUES (1, 0, '');

-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
-- +goose StatementEnd

-- The active exceptions of Postgres, next to its statuses in table mirror.
ALTER TABLE mirror ADD COLUMN exceptions TEXT NOT NULL DEFAULT '[]';
