//! The command line against a scripted server: what is asked, what is printed, which exit code; and the server process.

mod accounts;
mod api_keys;
mod attachments;
mod command;
mod contacts;
mod doctor;
mod drafts;
mod errors;
mod extracts;
mod init;
mod mail;
mod organising;
mod outgoing;
mod scripted;
mod serve;
mod serve_flags;
mod threads;
mod webhooks;
