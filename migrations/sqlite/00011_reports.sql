-- What reports over a month of thousands of people need to stay under 100 ms.

-- +goose Up
CREATE TABLE person_daily (
  day INTEGER NOT NULL, usr INTEGER NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (day, usr)
) STRICT, WITHOUT ROWID;
INSERT INTO person_daily (day, usr, events, prompts, uploads, matched, stopped, bytes_out, bytes_in)
SELECT day, usr, SUM(events), SUM(prompts), SUM(uploads), SUM(matched), SUM(stopped), SUM(bytes_out), SUM(bytes_in)
FROM user_daily GROUP BY day, usr;

-- It is asked by status only.
CREATE TABLE user_status_daily (
  status TEXT NOT NULL, day INTEGER NOT NULL, usr INTEGER NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (status, day, usr)
) STRICT, WITHOUT ROWID;
INSERT INTO user_status_daily (status, day, usr, events, prompts, uploads, matched, stopped, bytes_out, bytes_in)
SELECT status, day, usr, events, prompts, uploads, matched, stopped, bytes_out, bytes_in FROM user_daily;
DROP TABLE user_daily;
ALTER TABLE user_status_daily RENAME TO user_daily;
