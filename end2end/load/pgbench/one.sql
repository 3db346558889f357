-- The settlement in one statement: the fastest that this server can do.
\set i :i + 1
\set n :first + :i * :clients + :client_id
SELECT bench.settle(:n, :payload, :now);
