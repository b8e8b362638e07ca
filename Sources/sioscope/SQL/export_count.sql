-- How many frames there are to export.
SELECT count(*) FROM frames JOIN connections ON connections.id = connection_id WHERE capture_id = :capture
