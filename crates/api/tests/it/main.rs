//! The HTTP door over a real embedded store, without a socket where none is needed.

mod account;
mod bad_input;
mod contacts;
mod contract;
mod conventions;
mod description;
mod door;
mod drafts;
mod extracts;
mod mailboxes;
mod office;
mod organising;
mod permissions;
mod provisioning;
mod repetition;
mod scheduling;
mod searching;
mod sending;
mod sockets;
mod tenancy;
mod threads;
mod transactional;
mod unsupported;
mod waiting;
mod webhooks;
