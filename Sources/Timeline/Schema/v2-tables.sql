-- Format 2: what recording live has to say of a capture. The comments stand before the end of each column, or they would
-- swallow the end of the table that SQLite adds it to.

ALTER TABLE captures ADD COLUMN
  beside INTEGER REFERENCES captures(id)  -- first of the captures recorded together, their ids interleaved; NULL: alone
  DEFAULT NULL;

ALTER TABLE captures ADD COLUMN
  redacted TEXT                       -- JSON array: what was replaced by keyed hashes before it was stored; NULL for none
  DEFAULT NULL;
