-- What one person used, without reading what everybody used.

-- +goose Up
CREATE INDEX user_app_daily_usr ON user_app_daily (usr, day);
