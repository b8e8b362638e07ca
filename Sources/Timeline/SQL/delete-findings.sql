-- All findings: a run of the rules replaces what an earlier one found.
DELETE FROM findings;
