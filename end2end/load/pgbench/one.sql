-- The settle in one statement, which is as fast as this server can.
\set i :i + 1
\set n :first + :i * :clients + :client_id
SELECT bench.settle(:n, :payload, :now);
