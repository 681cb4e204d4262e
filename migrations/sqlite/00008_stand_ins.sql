-- What stands for a person where names must not show.

-- +goose Up
ALTER TABLE person ADD COLUMN stand_in TEXT GENERATED ALWAYS AS (CASE WHEN name = '' THEN '' ELSE '~' || id END) VIRTUAL;
CREATE UNIQUE INDEX person_stand_in ON person (stand_in);
