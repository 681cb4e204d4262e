-- The latest events of an app that few use, or of an action that is rare, without reading
-- everything that came since. They are dropped where the file is an outbox alone.

-- +goose Up
CREATE INDEX event_app ON event (app, ts) WHERE kind = 0;
CREATE INDEX event_stopped ON event (action, ts) WHERE kind = 0 AND action NOT IN ('allow', 'log');
