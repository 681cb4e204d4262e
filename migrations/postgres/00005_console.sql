-- Who is signed in to the console, and what scripts may ask its API.

-- +goose Up
ALTER TABLE account ADD COLUMN rights  text COLLATE "C" NOT NULL DEFAULT ''; -- beyond the role's, |a|b|
ALTER TABLE account ADD COLUMN subject text COLLATE "C" NOT NULL DEFAULT ''; -- issuer and subject at an identity provider

-- id is the SHA-256 of what the browser holds.
CREATE TABLE session (
  id      text COLLATE "C" PRIMARY KEY,
  account text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  created timestamptz NOT NULL,
  proved  timestamptz NOT NULL, -- when the person last showed who they are
  seen    timestamptz NOT NULL,
  expires timestamptz NOT NULL
);
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE api_token (
  id      text COLLATE "C" PRIMARY KEY,
  hash    text COLLATE "C" NOT NULL UNIQUE, -- SHA-256
  name    text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL,
  scopes  text COLLATE "C" NOT NULL,        -- |a|b|
  created timestamptz NOT NULL,
  expires timestamptz NOT NULL,
  used    timestamptz NOT NULL              -- 1970: never
);
CREATE INDEX api_token_account ON api_token (account);
