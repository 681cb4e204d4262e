-- Addresses of all apps by day, without reading what each person did each hour.

-- +goose Up
CREATE TABLE source_daily (
  day int NOT NULL, src text COLLATE "C" NOT NULL,
  events bigint NOT NULL, prompts bigint NOT NULL, uploads bigint NOT NULL, matched bigint NOT NULL,
  stopped bigint NOT NULL, bytes_out bigint NOT NULL, bytes_in bigint NOT NULL,
  PRIMARY KEY (day, src)
) WITH (fillfactor = 80);
INSERT INTO source_daily (day, src, events, prompts, uploads, matched, stopped, bytes_out, bytes_in)
SELECT hour / 24, src, sum8(events), sum8(prompts), sum8(uploads), sum8(matched), sum8(stopped), sum8(bytes_out), sum8(bytes_in)
FROM usage_hourly GROUP BY hour / 24, src;
