-- The views that tell of people, for who may not see names: people and devices are numbers,
-- addresses are left out. A person has no number for the second until the roll-ups come.
CREATE TEMP VIEW events AS
SELECT e.ts, strftime('%Y-%m-%dT%H:%M:%fZ', e.ts / 1000000.0, 'unixepoch') AS time, e.id, e.node, p.stand_in AS user_name, e.grps AS groups,
       e.actor, e.account_kind, '' AS ip, e.country, e.site, CASE WHEN d.name = '' THEN '' ELSE '~' || d.id END AS device, e.app, e.category,
       e.status, e.app_source AS source, e.activity, e.visibility, e.method, e.host, e.path, e.bytes_out, e.bytes_in + e.late_in AS bytes_in,
       e.action, e.would, e.mode, e.rule, e.nmatch AS findings, e.detectors, e.gaps, e.latency_us, e.n + e.late_n AS requests
FROM main.event e LEFT JOIN main.person p ON p.name = e.usr LEFT JOIN main.device d ON d.name = e.device WHERE e.kind = 0;
CREATE TEMP VIEW matches AS
SELECT e.ts, strftime('%Y-%m-%dT%H:%M:%fZ', e.ts / 1000000.0, 'unixepoch') AS time, e.id AS event, p.stand_in AS user_name, e.app,
       e.category, e.status, e.action, m.value ->> '$.detector' AS detector, m.value ->> '$.severity' AS severity,
       m.value ->> '$.confidence' AS confidence, m.value ->> '$.count' AS findings, m.value ->> '$.part' AS part,
       m.value ->> '$.role' AS role
FROM main.event e LEFT JOIN main.person p ON p.name = e.usr, json_each(e.detail, '$.matches') m
WHERE e.kind = 0 AND (e.nmatch > 0 OR e.action NOT IN ('allow', 'log')) AND e.nmatch > 0;
CREATE TEMP VIEW usage AS
SELECT u.hour, u.hour * 3600000000 AS ts, p.stand_in AS user_name, CASE WHEN d.name = '' THEN '' ELSE '~' || d.id END AS device, '' AS ip, u.country, u.app, u.status,
       u.events, u.prompts, u.uploads, u.matched, u.stopped, u.bytes_out, u.bytes_in
FROM main.usage_hourly u JOIN main.person p ON p.id = u.usr JOIN main.device d ON d.id = u.device;
CREATE TEMP VIEW exceptions AS
SELECT x.id, p.stand_in AS user_name, x.app, x.subject, x.state, x.created, x.expires, x.decided_by
FROM main.exception x LEFT JOIN main.person p ON p.name = x.usr;
