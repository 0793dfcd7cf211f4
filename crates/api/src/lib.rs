//! The HTTP door: the /v3 API, health and metrics.
