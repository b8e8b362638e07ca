-- The highest id of a finding.
SELECT coalesce(max(id), 0) FROM findings
