-- What people decide: exceptions, reviews, accounts; and the audit trail of it.

-- +goose Up
CREATE TABLE exception (
  id            text COLLATE "C"    PRIMARY KEY,
  usr           text COLLATE "C"    NOT NULL,
  ip            text COLLATE "C"    NOT NULL, -- for people without a name
  app           text COLLATE "C"    NOT NULL,
  subject       text COLLATE "C"    NOT NULL, -- a profile, gap:<gap>, or app
  justification text COLLATE "C"    NOT NULL, -- masked
  event         text COLLATE "C"    NOT NULL, -- the event it was asked for
  state         text COLLATE "C"    NOT NULL CHECK (state IN ('pending', 'active', 'denied', 'revoked')),
  created       timestamptz NOT NULL,
  expires       timestamptz NOT NULL,
  decided_by    text COLLATE "C"    NOT NULL,
  decided_at    timestamptz NOT NULL,
  note          text COLLATE "C"    NOT NULL
);
CREATE INDEX exception_expires ON exception (expires);
CREATE INDEX exception_usr ON exception (usr);

-- Coach tokens that were used; they expire within minutes.
CREATE TABLE used_token (
  id      text COLLATE "C"    PRIMARY KEY,
  expires timestamptz NOT NULL
);
CREATE INDEX used_token_expires ON used_token (expires);

CREATE TABLE review (
  id        uuid    PRIMARY KEY, -- of the event
  ts        timestamptz NOT NULL,    -- of the event
  app       text COLLATE "C"    NOT NULL,
  detectors text COLLATE "C"    NOT NULL,
  state     text COLLATE "C"    NOT NULL CHECK (state IN ('new', 'in_progress', 'confirmed', 'false_positive', 'accepted')),
  assignee  text COLLATE "C"    NOT NULL,
  note      text COLLATE "C"    NOT NULL,
  by_user   text COLLATE "C"    NOT NULL,
  at        timestamptz NOT NULL
);
CREATE INDEX review_ts ON review (ts);

CREATE TABLE account (
  name     text COLLATE "C"    PRIMARY KEY,
  role     text COLLATE "C"    NOT NULL,
  secret   text COLLATE "C"    NOT NULL, -- a password's hash; empty for accounts of an identity provider
  disabled int NOT NULL,
  created  timestamptz NOT NULL,
  changed  timestamptz NOT NULL
);

-- Each line's hash covers the one before it: a line that is changed or missing shows.
CREATE TABLE audit (
  seq    bigint PRIMARY KEY,
  at     timestamptz NOT NULL,
  actor  text COLLATE "C"    NOT NULL,
  action text COLLATE "C"    NOT NULL,
  target text COLLATE "C"    NOT NULL,
  before text COLLATE "C"    NOT NULL,
  after  text COLLATE "C"    NOT NULL,
  hash   text COLLATE "C"    NOT NULL
);
CREATE TABLE audit_head (
  one  int PRIMARY KEY CHECK (one = 1),
  seq  bigint NOT NULL,
  hash text COLLATE "C"    NOT NULL
);
INSERT INTO audit_head (one, seq, hash) VALUES (1, 0, '');

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
