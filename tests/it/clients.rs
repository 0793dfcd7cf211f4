//! What published clients send and need back, request by request. The SDKs themselves run in `sdk`; here are the official command line, whose
//! requests are known, and the types that its decoder insists on.

mod decoding;
mod every_client;
mod governance_commands;
mod mailbox;
mod mailbox_commands;
mod official_command_line;
mod program;
mod sending_commands;
mod strict;
