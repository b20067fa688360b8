-- The product's database: app owns the tables, elt_reader reads them. Run by psql as the administrator, in the source
-- database, at the first start and whenever a password changes. Passwords come from the environment.

\set ON_ERROR_STOP on
\getenv app_password SOURCE_APP_PASSWORD
\getenv elt_reader_password SOURCE_READER_PASSWORD

select format('create role %I login', role)
from unnest(array['app', 'elt_reader']) as role
where not exists (select from pg_roles where rolname = role)
\gexec
alter role app password :'app_password';
alter role elt_reader password :'elt_reader_password';

revoke all on schema public from public;
-- Everybody may enter a new server's own databases until told otherwise.
revoke all on database postgres, template1 from public;
select format('revoke all on database %I from public', current_database()) \gexec
select format('grant connect, temporary on database %I to app', current_database()) \gexec
select format('grant connect on database %I to elt_reader', current_database()) \gexec

grant usage, create on schema public to app;
grant usage on schema public to elt_reader;
alter default privileges for role app in schema public grant select on tables to elt_reader;

\ir oldest_transaction_start.sql
grant usage on schema elt to elt_reader;
grant execute on function elt.oldest_transaction_start() to elt_reader;
