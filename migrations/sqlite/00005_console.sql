-- Who is signed in to the console, and what scripts may ask its API.

-- +goose Up
ALTER TABLE account ADD COLUMN rights  TEXT NOT NULL DEFAULT ''; -- beyond the role's, |a|b|
ALTER TABLE account ADD COLUMN subject TEXT NOT NULL DEFAULT ''; -- issuer and subject at an identity provider

-- id is the SHA-256 of what the browser holds.
CREATE TABLE session (
  id      TEXT    PRIMARY KEY,
  account TEXT    NOT NULL,
  address TEXT    NOT NULL,
  created INTEGER NOT NULL,
  proved  INTEGER NOT NULL, -- when the person last showed who they are
  seen    INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE api_token (
  id      TEXT    PRIMARY KEY,
  hash    TEXT    NOT NULL UNIQUE, -- SHA-256
  name    TEXT    NOT NULL,
  account TEXT    NOT NULL,
  scopes  TEXT    NOT NULL,        -- |a|b|
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  used    INTEGER NOT NULL         -- 0: never
) STRICT, WITHOUT ROWID;
CREATE INDEX api_token_account ON api_token (account);
