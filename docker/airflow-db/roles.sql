-- Airflow's own metadata database and its role. Run by psql as the administrator, in that database.

\set ON_ERROR_STOP on
\getenv airflow_password AIRFLOW_DB_PASSWORD

select 'create role airflow login' where not exists (select from pg_roles where rolname = 'airflow') \gexec
alter role airflow password :'airflow_password';
select format('revoke all on database %I from public', current_database()) \gexec
select format('grant connect, temporary on database %I to airflow', current_database()) \gexec
grant usage, create on schema public to airflow;
