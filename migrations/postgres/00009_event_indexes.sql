-- The latest events of an app that few use, or of an action that is rare, without reading
-- everything that came since.

-- +goose Up
CREATE INDEX event_app ON event (app, ts);
CREATE INDEX event_stopped ON event (action, ts) WHERE action NOT IN ('allow', 'log');
