-- Who may ask the explorer but not see names asks other views, under a role of its own:
-- people and devices are numbers there, and addresses are left out.

-- +goose Up
ALTER TABLE person ADD COLUMN stand_in text COLLATE "C" GENERATED ALWAYS AS (CASE WHEN name = '' THEN '' ELSE '~' || id::text END) STORED;
CREATE UNIQUE INDEX person_stand_in ON person (stand_in);

CREATE SCHEMA explore_unnamed;
CREATE VIEW explore_unnamed.events AS
SELECT e.ts, to_char(e.ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time, e.id, e.node, p.stand_in AS user_name, g.names AS groups, e.actor, e.account_kind,
       ''::text AS ip, e.country, e.site, CASE WHEN d.name = '' THEN '' ELSE '~' || d.id::text END AS device, e.app, e.category, e.status, e.app_source AS source,
       e.activity, e.visibility, e.method, e.host, e.path, e.bytes_out, e.bytes_in + e.late_in AS bytes_in, e.action, e.would, e.mode, e.rule, e.nmatch AS findings,
       e.detectors, e.gaps, e.latency_us, e.n + e.late_n AS requests
FROM event e JOIN person p ON p.id = e.usr JOIN device d ON d.id = e.device JOIN group_set g ON g.id = e.grp;
CREATE VIEW explore_unnamed.matches AS
SELECT e.ts, to_char(e.ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time, e.id AS event, p.stand_in AS user_name, e.app, e.category, e.status, e.action, m ->> 'detector' AS detector,
       m ->> 'severity' AS severity, m ->> 'confidence' AS confidence, (m ->> 'count')::bigint AS findings, m ->> 'part' AS part,
       m ->> 'role' AS role
FROM event e JOIN person p ON p.id = e.usr
CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN e.nmatch > 0 THEN e.detail::jsonb -> 'matches' END) m
WHERE (e.nmatch > 0 OR e.action NOT IN ('allow', 'log')) AND e.nmatch > 0;
CREATE VIEW explore_unnamed.usage AS
SELECT u.hour, to_timestamp(u.hour::bigint * 3600) AS ts, p.stand_in AS user_name, CASE WHEN d.name = '' THEN '' ELSE '~' || d.id::text END AS device, ''::text AS ip, u.country, u.app, u.status,
       u.events, u.prompts, u.uploads, u.matched, u.stopped, u.bytes_out, u.bytes_in
FROM usage_hourly u JOIN person p ON p.id = u.usr JOIN device d ON d.id = u.device;
CREATE VIEW explore_unnamed.exceptions AS
SELECT x.id, p.stand_in AS user_name, x.app, x.subject, x.state, x.created, x.expires, x.decided_by FROM exception x LEFT JOIN person p ON p.name = x.usr;
CREATE VIEW explore_unnamed.detections AS SELECT day, app, profile, detector, severity, confidence, action, findings, events FROM explore.detections;
CREATE VIEW explore_unnamed.places AS
SELECT day, country, site, app, status, events, prompts, uploads, matched, stopped, bytes_out, bytes_in FROM explore.places;
CREATE VIEW explore_unnamed.coverage AS SELECT day, app, visibility, source, gap, passed, events, bytes_out FROM explore.coverage;
CREATE VIEW explore_unnamed.apps AS SELECT app, name, category, status, first FROM explore.apps;
CREATE VIEW explore_unnamed.status_changes AS SELECT app, status, note, by_user, ts FROM explore.status_changes;
CREATE VIEW explore_unnamed.reviews AS SELECT event, ts, app, detectors, state, assignee, by_user, at FROM explore.reviews;

-- Row 2 is the role of these views.
ALTER TABLE explorer_role DROP CONSTRAINT explorer_role_one_check;
ALTER TABLE explorer_role ADD CHECK (one IN (1, 2));
