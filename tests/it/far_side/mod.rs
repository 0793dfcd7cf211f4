//! Mail between a registered domain and the world, with real peers on loopback addresses: Knot serves the zone that was printed and signs it,
//! a Postfix is the far side, and independent programs verify what arrived there.

mod arriving;
mod certificates;
mod crashing;
mod far_postfix;
mod greylist;
mod hosted;
mod names;
mod outcomes;
mod policies;
mod policy_web;
mod publishing;
mod requiring;
mod verifying;
mod world;
