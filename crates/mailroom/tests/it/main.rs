//! The use cases over a real store: on SQLite, and on PostgreSQL when `POSTHOUSE_TEST_POSTGRES` names one.

mod accounts;
mod api_keys;
mod bootstrap;
mod cleaning;
mod combining;
mod contacts;
mod domains;
mod draft_files;
mod draft_listing;
mod draft_sending;
mod drafts;
mod folders;
mod organising;
mod provisioning;
mod reading;
mod receiving;
mod repeatable;
mod scheduling;
mod searching;
mod sending;
mod support;
mod tenants;
mod threading;
mod threads;
mod waiting;
mod workspaces;
