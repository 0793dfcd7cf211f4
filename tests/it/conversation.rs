//! Conversations of hosted agents with each other and with somebody outside, who writes through Postfix and with the mail programs of the world.

mod correspondent;
mod styles;
mod twenty_turns;
