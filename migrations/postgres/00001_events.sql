-- The store of all nodes. Names of people, devices and sets of groups are kept once and
-- meant by number. Events have no unique index: the cursor of the outbox, moved in the same
-- transaction, makes each arrive once.

-- +goose Up
CREATE TABLE ingest_cursor (
  outbox uuid   PRIMARY KEY,
  seq    bigint NOT NULL
);

CREATE TABLE person (
  id   int  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE
);
CREATE TABLE device (
  id   int  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE
);
CREATE TABLE group_set (
  id     int   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest text  COLLATE "C" NOT NULL UNIQUE,
  names  text  NOT NULL
);
CREATE TABLE group_member (
  set_id int  NOT NULL REFERENCES group_set (id),
  grp    text COLLATE "C" NOT NULL,
  PRIMARY KEY (set_id, grp)
);

CREATE TABLE event_shape (
  ts           timestamptz NOT NULL,
  id           uuid   NOT NULL,
  node         text   COLLATE "C" NOT NULL,
  usr          int    NOT NULL,
  grp          int    NOT NULL,
  actor        text   COLLATE "C" NOT NULL,
  account_kind text   COLLATE "C" NOT NULL,
  src          text   COLLATE "C" NOT NULL,
  country      text   COLLATE "C" NOT NULL,
  site         text   COLLATE "C" NOT NULL,
  device       int    NOT NULL,
  app          text   COLLATE "C" NOT NULL,
  category     text   COLLATE "C" NOT NULL,
  status       text   COLLATE "C" NOT NULL,
  app_source   text   COLLATE "C" NOT NULL,
  activity     text   COLLATE "C" NOT NULL,
  visibility   text   COLLATE "C" NOT NULL,
  method       text   COLLATE "C" NOT NULL,
  host         text   COLLATE "C" NOT NULL,
  path         text   COLLATE "C" NOT NULL,
  bytes_out    bigint NOT NULL,
  bytes_in     bigint NOT NULL,
  action       text   COLLATE "C" NOT NULL,
  would        text   COLLATE "C" NOT NULL,
  mode         text   COLLATE "C" NOT NULL,
  rule         text   COLLATE "C" NOT NULL,
  nmatch       bigint NOT NULL,
  detectors    text   COLLATE "C" NOT NULL,
  gaps         text   COLLATE "C" NOT NULL,
  latency_us   bigint NOT NULL,
  n            bigint NOT NULL,
  detail       text   NOT NULL,
  late_n       bigint NOT NULL DEFAULT 0,
  late_in      bigint NOT NULL DEFAULT 0,
  sealed       bytea -- the prompt, encrypted to the customer's key
);

-- A hypertable where TimescaleDB is installed, else daily partitions, which the sink makes as
-- days come; event_rest takes what no sane clock says.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    ALTER TABLE event_shape RENAME TO event;
    PERFORM create_hypertable('event', by_range('ts', INTERVAL '1 day'), create_default_indexes => false);
    IF current_setting('timescaledb.license') = 'timescale' THEN
      ALTER TABLE event SET (timescaledb.compress, timescaledb.compress_segmentby = 'app', timescaledb.compress_orderby = 'ts DESC');
      PERFORM add_compression_policy('event', INTERVAL '2 days');
    END IF;
  ELSE
    CREATE TABLE event (LIKE event_shape INCLUDING DEFAULTS) PARTITION BY RANGE (ts);
    CREATE TABLE event_rest PARTITION OF event DEFAULT;
    DROP TABLE event_shape;
  END IF;
END $$;
-- +goose StatementEnd
CREATE INDEX event_ts ON event (ts, id);
CREATE INDEX event_usr ON event (usr, ts);
CREATE INDEX event_notable ON event (ts, id) WHERE nmatch > 0 OR action NOT IN ('allow', 'log');
CREATE INDEX event_sealed ON event (ts) WHERE sealed IS NOT NULL;

CREATE VIEW events AS
SELECT e.ts, e.id, e.node, p.name AS usr, g.names AS grps, e.actor, e.account_kind, e.src, e.country,
       e.site, d.name AS device, e.app, e.category, e.status, e.app_source, e.activity, e.visibility,
       e.method, e.host, e.path, e.bytes_out, e.bytes_in + e.late_in AS bytes_in, e.action, e.would,
       e.mode, e.rule, e.nmatch, e.detectors, e.gaps, e.latency_us, e.n + e.late_n AS n, e.detail
FROM event e
JOIN person p ON p.id = e.usr
JOIN device d ON d.id = e.device
JOIN group_set g ON g.id = e.grp;

CREATE TABLE config_version (
  one     int    PRIMARY KEY CHECK (one = 1),
  version bigint NOT NULL
);
INSERT INTO config_version (one, version) VALUES (1, 1);

CREATE TABLE app_status (
  app     text COLLATE "C" PRIMARY KEY,
  status  text COLLATE "C" NOT NULL CHECK (status IN ('approved', 'in_review', 'unapproved', 'unreviewed')),
  note    text NOT NULL,
  by_user text NOT NULL,
  at      timestamptz NOT NULL
);

CREATE TABLE app_status_change (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app     text COLLATE "C" NOT NULL,
  status  text COLLATE "C" NOT NULL,
  note    text NOT NULL,
  by_user text NOT NULL,
  at      timestamptz NOT NULL
);
CREATE INDEX app_status_change_app ON app_status_change (app, id);

-- +goose StatementBegin
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME; END $$;
-- +goose StatementEnd
CREATE TRIGGER app_status_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON app_status_change
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
