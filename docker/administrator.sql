-- The administrator's password. Run by psql as the administrator, by a way that does not ask for it.

\set ON_ERROR_STOP on
\getenv postgres_password POSTGRES_PASSWORD

alter role postgres password :'postgres_password';
