-- What the log explorer may read. Its role (made by the store, for roles belong to the whole
-- cluster) has no right to anything else. The columns are those of the same views in SQLite.

-- +goose Up
CREATE SCHEMA explore;
CREATE VIEW explore.events AS
SELECT ts, to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time, id, node, usr AS user_name, grps AS groups, actor, account_kind, src AS ip, country, site, device, app,
       category, status, app_source AS source, activity, visibility, method, host, path, bytes_out, bytes_in, action, would,
       mode, rule, nmatch AS findings, detectors, gaps, latency_us, n AS requests
FROM events;
CREATE VIEW explore.matches AS
SELECT e.ts, to_char(e.ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time, e.id AS event, p.name AS user_name, e.app, e.category, e.status, e.action, m ->> 'detector' AS detector,
       m ->> 'severity' AS severity, m ->> 'confidence' AS confidence, (m ->> 'count')::bigint AS findings, m ->> 'part' AS part,
       m ->> 'role' AS role
FROM event e JOIN person p ON p.id = e.usr
CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN e.nmatch > 0 THEN e.detail::jsonb -> 'matches' END) m
WHERE (e.nmatch > 0 OR e.action NOT IN ('allow', 'log')) AND e.nmatch > 0;
CREATE VIEW explore.usage AS
SELECT u.hour, to_timestamp(u.hour::bigint * 3600) AS ts, p.name AS user_name, d.name AS device, u.src AS ip, u.country, u.app, u.status,
       u.events, u.prompts, u.uploads, u.matched, u.stopped, u.bytes_out, u.bytes_in
FROM usage_hourly u JOIN person p ON p.id = u.usr JOIN device d ON d.id = u.device;
CREATE VIEW explore.detections AS
SELECT day, app, profile, detector, severity, confidence, action, findings, events FROM match_daily WHERE profile <> '';
CREATE VIEW explore.places AS
SELECT day, country, site, app, status, events, prompts, uploads, matched, stopped, bytes_out, bytes_in FROM place_daily;
CREATE VIEW explore.coverage AS
SELECT day, app, visibility, source, gap, passed, events, bytes_out FROM coverage_daily;
CREATE VIEW explore.apps AS
SELECT a.app, a.name, a.category, COALESCE(s.status, a.status) AS status, a.first_ts AS first
FROM app a LEFT JOIN app_status s ON s.app = a.app;
CREATE VIEW explore.status_changes AS
SELECT app, status, note, by_user, at AS ts FROM app_status_change;
CREATE VIEW explore.exceptions AS
SELECT id, usr AS user_name, app, subject, state, created, expires, decided_by FROM exception;
CREATE VIEW explore.reviews AS
SELECT id AS event, ts, app, detectors, state, assignee, by_user, at FROM review;

-- The explorer's role and its password, for all nodes; made on first use.
CREATE TABLE explorer_role (
  one    int  PRIMARY KEY CHECK (one = 1),
  name   text NOT NULL,
  secret text NOT NULL
);
