//! The use cases of Posthouse: every rule of the product, once, with no protocol.
