-- title:   How sessions end, by class and by who ended them
-- column:  end_class     TEXT     websocket-close fin rst eio-close http-error superseded capture-end; NULL while it runs
-- column:  ended_by      TEXT     client or server; NULL where nobody did
-- column:  close_code    INTEGER  of the close frame; NULL for an empty one or none
-- column:  sessions      INTEGER  how many
-- column:  shortest_ms   REAL     shortest life
-- column:  median_ms     REAL     median life (nearest rank)
-- column:  longest_ms    REAL     longest life
WITH lives AS (
  SELECT
    end_class, ended_by, close_code,
    (coalesce(sessions.ended_ns, captures.ended_ns) - opened_ns) / 1e6 AS life_ms
  FROM sessions
  JOIN captures ON captures.id = sessions.capture_id
),
ranked AS (
  SELECT
    end_class, ended_by, close_code, life_ms,
    row_number() OVER (PARTITION BY end_class, ended_by, close_code ORDER BY life_ms) AS place,
    count(*) OVER (PARTITION BY end_class, ended_by, close_code) AS total
  FROM lives
)
SELECT
  end_class,
  ended_by,
  close_code,
  count(*) AS sessions,
  min(life_ms) AS shortest_ms,
  min(CASE WHEN place >= 0.5 * total THEN life_ms END) AS median_ms,
  max(life_ms) AS longest_ms
FROM ranked
GROUP BY end_class, ended_by, close_code
ORDER BY sessions DESC, end_class, ended_by, close_code
