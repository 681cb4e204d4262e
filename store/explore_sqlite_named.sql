-- The views that tell of people, by name.
CREATE TEMP VIEW events AS
SELECT ts, strftime('%Y-%m-%dT%H:%M:%fZ', ts / 1000000.0, 'unixepoch') AS time, id, node, usr AS user_name, grps AS groups,
       actor, account_kind, src AS ip, country, site, device, app, category, status, app_source AS source, activity,
       visibility, method, host, path, bytes_out, bytes_in + late_in AS bytes_in, action, would, mode, rule,
       nmatch AS findings, detectors, gaps, latency_us, n + late_n AS requests
FROM main.event WHERE kind = 0;
CREATE TEMP VIEW matches AS
SELECT e.ts, strftime('%Y-%m-%dT%H:%M:%fZ', e.ts / 1000000.0, 'unixepoch') AS time, e.id AS event, e.usr AS user_name, e.app,
       e.category, e.status, e.action, m.value ->> '$.detector' AS detector, m.value ->> '$.severity' AS severity,
       m.value ->> '$.confidence' AS confidence, m.value ->> '$.count' AS findings, m.value ->> '$.part' AS part,
       m.value ->> '$.role' AS role
FROM main.event e, json_each(e.detail, '$.matches') m
WHERE e.kind = 0 AND (e.nmatch > 0 OR e.action NOT IN ('allow', 'log')) AND e.nmatch > 0;
CREATE TEMP VIEW usage AS
SELECT u.hour, u.hour * 3600000000 AS ts, p.name AS user_name, d.name AS device, u.src AS ip, u.country, u.app, u.status,
       u.events, u.prompts, u.uploads, u.matched, u.stopped, u.bytes_out, u.bytes_in
FROM main.usage_hourly u JOIN main.person p ON p.id = u.usr JOIN main.device d ON d.id = u.device;
CREATE TEMP VIEW exceptions AS
SELECT id, usr AS user_name, app, subject, state, created, expires, decided_by FROM main.exception;
