//! One file per table family: the SQL of the product and the rows it reads and writes.

pub mod blobs;
pub mod folders;
pub mod installation;
pub mod messages;
pub mod receipts;
pub mod recipients;
pub mod terms;
