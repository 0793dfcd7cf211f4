//! Policies for TLS to other mail servers, with a real signed DNS, a policy server and a far side that shows what the test wants.

mod dane;
mod far_side;
mod mta_sts;
mod opportunistic;
