//! Sessions with servers that behave and with servers that do not.

mod sessions;
