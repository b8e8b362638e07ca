-- Anomalies without which a frame cannot be written as it was.
SELECT frame_id, code, detail
FROM anomalies
WHERE capture_id = :capture
  AND frame_id IS NOT NULL
  AND code IN (
    'websocket.unreadable-message', 'engineio.unreadable-packet', 'engineio.refused-packet',
    'socketio.space-before-payload')
