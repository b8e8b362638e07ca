-- Whether captures may stand side by side: not in a file of format 1.
SELECT count(*) FROM pragma_table_info('captures') WHERE name = 'beside'
