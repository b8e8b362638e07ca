-- title:   Namespaces that refused a client, and why
-- column:  namespace   TEXT     namespace
-- column:  message     TEXT     the refusal's message, or all of its JSON where there is none
-- column:  refusals    INTEGER  how many
-- column:  sessions    INTEGER  in how many sessions
-- column:  first_frame INTEGER  frame of the first one
SELECT
  namespace,
  CASE
    WHEN json_valid(payload) THEN
      CASE json_type(payload)
        WHEN 'object' THEN coalesce(json_extract(payload, '$.message'), payload)
        WHEN 'text' THEN json_extract(payload, '$')
        ELSE payload
      END
    ELSE payload
  END AS message,
  count(*) AS refusals,
  count(DISTINCT session_id) AS sessions,
  min(id) AS first_frame
FROM frames
WHERE sio_type = 'connect_error'
GROUP BY namespace, message
ORDER BY refusals DESC, first_frame
