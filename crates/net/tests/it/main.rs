//! The guarded client against hostile peers on loopback, with a resolver that says what the test wants.

mod dnssec;
mod exchange;
mod hook_01_address_forms;
mod hook_02_rebinding;
mod hook_03_mixed_answers;
mod hook_04_redirects;
mod hook_05_bombs;
mod peer;
mod resolver;
mod scanners;
mod second_opinions;
mod signed_zone;
mod spf_suite;
mod stub;
mod tls;
mod tls_policy;
mod zone;
