-- Airflow's own metadata database and its role. Run by psql as the administrator, in that database.

\set ON_ERROR_STOP on
\getenv airflow_password AIRFLOW_DB_PASSWORD

select 'create role airflow login' where not exists (select from pg_roles where rolname = 'airflow') \gexec
alter role airflow password :'airflow_password';
-- Everybody may enter a new server's own databases until told otherwise.
revoke all on database postgres, template1 from public;
select format('revoke all on database %I from public', current_database()) \gexec
select format('grant connect, temporary on database %I to airflow', current_database()) \gexec
grant usage, create on schema public to airflow;
