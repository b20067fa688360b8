-- The warehouse's schemas and roles, least privilege, nobody superuser. Run by psql as the administrator, in the
-- warehouse database, at the first start and whenever a password changes. Passwords come from the environment.

\set ON_ERROR_STOP on
\getenv elt_loader_password ELT_LOADER_PASSWORD
\getenv dbt_transformer_password DBT_TRANSFORMER_PASSWORD
\getenv bi_reader_password BI_READER_PASSWORD
\getenv stream_loader_password STREAM_LOADER_PASSWORD

select format('create role %I login', role)
from unnest(array['elt_loader', 'dbt_transformer', 'bi_reader', 'stream_loader']) as role
where not exists (select from pg_roles where rolname = role)
\gexec
alter role elt_loader password :'elt_loader_password';
alter role dbt_transformer password :'dbt_transformer_password';
alter role bi_reader password :'bi_reader_password';
alter role stream_loader password :'stream_loader_password';

revoke all on schema public from public;
-- Everybody may enter a new server's own databases until told otherwise.
revoke all on database postgres, template1 from public;
select format('revoke all on database %I from public', current_database()) \gexec
select format('grant connect, temporary on database %I to elt_loader, dbt_transformer, stream_loader', current_database()) \gexec
select format('grant connect on database %I to bi_reader', current_database()) \gexec

-- elt_loader writes what is loaded, and gives stream_loader its rights on tables; dbt_transformer reads raw.
create schema if not exists raw authorization elt_loader;
create schema if not exists quarantine authorization elt_loader;
create schema if not exists ops authorization elt_loader;
grant usage on schema raw to dbt_transformer;
alter default privileges for role elt_loader in schema raw grant select on tables to dbt_transformer;

-- dbt_transformer makes what is read. Publishing renames schemas, which takes create on the database.
create schema if not exists staging authorization dbt_transformer;
create schema if not exists intermediate authorization dbt_transformer;
create schema if not exists snapshots authorization dbt_transformer;
select format('grant create on database %I to dbt_transformer', current_database()) \gexec

-- The star lives three times: being made, read, and read before. bi_reader may read the tables of each, since each is
-- read one day, but may enter trusted only. A right to enter stays with a schema that is renamed; publishing moves it.
create schema if not exists trusted_next authorization dbt_transformer;
create schema if not exists trusted authorization dbt_transformer;
create schema if not exists trusted_previous authorization dbt_transformer;
alter default privileges for role dbt_transformer in schema trusted_next, trusted, trusted_previous
    grant select on tables to bi_reader;
grant usage on schema trusted to bi_reader;
revoke usage on schema trusted_next, trusted_previous from bi_reader;
