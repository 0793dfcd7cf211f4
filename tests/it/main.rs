//! End-to-end tests: the real binary, seen from outside.

mod authentication;
mod backends;
mod bounds;
mod certificates;
mod clients;
mod configuration_page;
mod conversation;
mod crash;
mod domains;
mod drafts;
mod founding_page;
mod fuzzing;
mod hostile;
mod isolation;
mod operations;
mod outbound;
mod peers;
mod replies;
mod scheduling;
mod sdk;
mod searching;
mod secured;
mod sending;
mod waiting;
mod wire;
