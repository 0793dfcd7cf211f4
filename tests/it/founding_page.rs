//! The story the product was founded on, command by command and body by body: create an account, look at it, write to it, read it, delete it.

mod app_password;
mod approvals;
mod command_line;
mod create;
mod domains;
mod governance;
mod mailbox;
mod workspace;
