//! The webhook worker: fans changes out to destinations and delivers them.
