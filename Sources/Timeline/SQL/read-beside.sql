-- The captures that were recorded together with others, and the first of those.
SELECT id, beside, redacted FROM captures WHERE beside IS NOT NULL OR redacted IS NOT NULL
