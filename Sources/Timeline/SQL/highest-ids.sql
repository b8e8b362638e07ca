-- The highest ids in use: a new capture's own, which count from 1, are moved behind them.
SELECT
  coalesce((SELECT max(id) FROM connections), 0),
  coalesce((SELECT max(id) FROM sessions), 0),
  coalesce((SELECT max(id) FROM exchanges), 0),
  coalesce((SELECT max(id) FROM frames), 0);
