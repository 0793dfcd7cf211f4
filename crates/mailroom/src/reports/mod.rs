//! What other servers tell of sent mail: that it did not arrive after all, that its recipients complained, and how receivers
//! saw a domain's mail on the whole.
//!
//! A report is believed for the address that it comes to: a return path holds a token that only this server can make. What
//! comes there and is no complaint is also mail for the sender, as anywhere else.
//!
//! | module | what it is for |
//! |---|---|
//! | `address` | which addresses reports come to |
//! | `take` | what arrives there is read |
//! | `bounced`, `complained` | what that means for a message |

mod address;
mod bounced;
mod complained;
mod take;

pub(crate) use address::ReportAddress;
