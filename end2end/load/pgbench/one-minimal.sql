-- one.sql, in the minimal schema.
\set i :i + 1
\set n :first + :i * :clients + :client_id
SELECT minimal.settle(:n, :payload, :now);
