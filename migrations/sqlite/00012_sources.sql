-- Addresses of all apps by day, without reading what each person did each hour.

-- +goose Up
CREATE TABLE source_daily (
  day INTEGER NOT NULL, src TEXT NOT NULL,
  events INTEGER NOT NULL, prompts INTEGER NOT NULL, uploads INTEGER NOT NULL, matched INTEGER NOT NULL,
  stopped INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (day, src)
) STRICT, WITHOUT ROWID;
INSERT INTO source_daily (day, src, events, prompts, uploads, matched, stopped, bytes_out, bytes_in)
SELECT hour / 24, src, SUM(events), SUM(prompts), SUM(uploads), SUM(matched), SUM(stopped), SUM(bytes_out), SUM(bytes_in)
FROM usage_hourly GROUP BY hour / 24, src;
