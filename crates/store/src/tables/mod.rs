//! One file per table family: the SQL of the product and the rows it reads and writes.

pub mod installation;
