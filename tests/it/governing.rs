//! The commands that govern agents, as people meet them: what they say when something is wrong or missing, and to whom strangers' words go.

mod doors;
mod hostile;
mod words;
