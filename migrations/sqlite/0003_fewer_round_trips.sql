-- SQLite is in the process, so there are no round trips to save; the number is here so that both databases count alike.
SELECT 1;
