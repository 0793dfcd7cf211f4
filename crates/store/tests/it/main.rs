//! The store on both engines: every test here runs on SQLite, and on PostgreSQL when `POSTHOUSE_TEST_POSTGRES` names one.

mod accounts;
mod blobs;
mod certificates;
mod change_log;
mod engines;
mod group_commit;
mod idempotency;
mod leases;
mod reputation;
mod rules;
mod support;
mod tenancy;
mod webhooks;
