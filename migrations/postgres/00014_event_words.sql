-- Which hosts and rules events have, so that a text is looked for among these and not in every
-- event; and what the explorer can tell by hour without reading what each person did.

-- +goose Up
CREATE TABLE event_word (
  kind text NOT NULL,
  word text COLLATE "C" NOT NULL,
  PRIMARY KEY (kind, word)
);
INSERT INTO event_word (kind, word)
SELECT DISTINCT 'host', host FROM event WHERE host <> '' UNION ALL SELECT DISTINCT 'rule', rule FROM event WHERE rule <> '';

CREATE VIEW explore.hours AS
SELECT hour, to_timestamp(hour::bigint * 3600) AS ts, app, status, action, events, prompts, uploads, matched, stopped, bytes_out, bytes_in FROM app_hourly;
CREATE VIEW explore_unnamed.hours AS
SELECT hour, ts, app, status, action, events, prompts, uploads, matched, stopped, bytes_out, bytes_in FROM explore.hours;

-- The explorer's roles were given the views that there were when they were made.
-- +goose StatementBegin
DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT x.one, x.name FROM explorer_role x JOIN pg_roles p ON p.rolname = x.name LOOP
    EXECUTE format('GRANT SELECT ON %I.hours TO %I', CASE r.one WHEN 1 THEN 'explore' ELSE 'explore_unnamed' END, r.name);
  END LOOP;
END $$;
-- +goose StatementEnd
