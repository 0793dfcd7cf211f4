//! The HTTP door over a real embedded store, without a socket where none is needed.

mod account;
mod conventions;
mod door;
mod extracts;
mod mailboxes;
mod office;
mod organising;
mod permissions;
mod provisioning;
mod repetition;
mod searching;
mod sockets;
mod sending;
mod tenancy;
mod threads;
mod webhooks;
