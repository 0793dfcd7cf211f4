//! The outbound guard: what must not leave by accident.
