//! Which rules match a message, and what follows.
