-- What reports over a month of thousands of people need to stay under 100 ms.

-- +goose Up
-- The sum of bigint as bigint. SUM itself adds up in numeric: three times as slow, and its state is so
-- large that grouping ten thousand people spills to disk.
CREATE AGGREGATE sum8(bigint) (SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE);

CREATE TABLE person_daily (
  day int NOT NULL, usr int NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (day, usr)
) WITH (fillfactor = 80);
INSERT INTO person_daily (day, usr, events, prompts, uploads, matched, stopped, bytes_out, bytes_in)
SELECT day, usr, sum8(events), sum8(prompts), sum8(uploads), sum8(matched), sum8(stopped), sum8(bytes_out), sum8(bytes_in)
FROM user_daily GROUP BY day, usr;

-- It is asked by status only.
ALTER TABLE user_daily DROP CONSTRAINT user_daily_pkey;
ALTER TABLE user_daily ADD PRIMARY KEY (status, day, usr);

-- A BRIN index says nothing of the newest rows until the next vacuum: "today" read everything.
DROP INDEX usage_hourly_hour;
CREATE INDEX usage_hourly_hour ON usage_hourly (hour);
