-- The explorer's views, as temporary views of its connections; Postgres has them in schema
-- explore. ts is microseconds since 1970, as in the tables behind; time is text. Those that tell of people
-- are in explore_sqlite_named.sql and, for who may not see names, in explore_sqlite_unnamed.sql.
CREATE TEMP VIEW detections AS
SELECT day, app, profile, detector, severity, confidence, action, findings, events FROM main.match_daily WHERE profile <> '';
CREATE TEMP VIEW places AS
SELECT day, country, site, app, status, events, prompts, uploads, matched, stopped, bytes_out, bytes_in FROM main.place_daily;
CREATE TEMP VIEW hours AS
SELECT hour, hour * 3600000000 AS ts, app, status, action, events, prompts, uploads, matched, stopped, bytes_out, bytes_in FROM main.app_hourly;
CREATE TEMP VIEW coverage AS
SELECT day, app, visibility, source, gap, passed, events, bytes_out FROM main.coverage_daily;
CREATE TEMP VIEW apps AS
SELECT a.app, a.name, a.category, COALESCE(s.status, a.status) AS status, a.first_ts AS first
FROM main.app a LEFT JOIN main.app_status s ON s.app = a.app;
CREATE TEMP VIEW status_changes AS
SELECT app, status, note, by_user, at AS ts FROM main.app_status_change;
CREATE TEMP VIEW reviews AS
SELECT id AS event, ts, app, detectors, state, assignee, by_user, at FROM main.review;
