//! The workloads, one file each.

pub mod all;
pub mod api_list;
pub mod disk;
pub mod fill;
pub mod hook;
pub mod idle;
pub mod mailbox;
pub mod outbound;
pub mod peers;
pub mod provision;
pub mod smtp;
pub mod start;
pub mod wait;
