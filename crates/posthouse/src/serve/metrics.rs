//! The recorder behind every `metrics` macro of the process, rendered for `/metrics`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use posthouse_api::MetricsRender;
use tokio_util::sync::CancellationToken;

/// How often histograms are folded, so that an idle scraper does not let samples pile up.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(10);

/// Bounds of every histogram of seconds.
const SECONDS: [f64; 13] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
/// Bounds of every histogram of bytes.
const BYTES: [f64; 8] = [
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    8_388_608.0,
    33_554_432.0,
];

/// Installs the recorder.
///
/// # Errors
/// When the process already has one.
pub fn install() -> anyhow::Result<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES)
        })
        .context("cannot set up metrics")?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).context("cannot install the metrics recorder")?;
    metrics::describe_gauge!(
        "posthouse_build_info",
        "Always 1; the label tells the release."
    );
    metrics::gauge!("posthouse_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// How the API renders them.
pub fn render(handle: &PrometheusHandle) -> MetricsRender {
    let handle = handle.clone();
    Arc::new(move || handle.render())
}

/// Folds histograms until the stop.
pub async fn keep_up(handle: PrometheusHandle, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(UPKEEP_INTERVAL) => handle.run_upkeep(),
        }
    }
}
