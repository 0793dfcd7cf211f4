//! The use cases over a real store: on SQLite, and on PostgreSQL when `POSTHOUSE_TEST_POSTGRES` names one.

mod accounts;
mod api_keys;
mod bootstrap;
mod cleaning;
mod domains;
mod folders;
mod organising;
mod provisioning;
mod reading;
mod receiving;
mod repeatable;
mod searching;
mod support;
mod sending;
mod tenants;
mod threading;
mod threads;
mod workspaces;
