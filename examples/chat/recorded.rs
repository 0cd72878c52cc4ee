//! What is recorded of the actors, for Prometheus and others that collect it.

use std::time::Duration;

use anyhow::Context as _;
use chat::config::Metrics;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

/// The times that one asks for: a message of 1 ms is slow, and a room may well take some.
const SECONDS: [f64; 12] = [1e-6, 1e-5, 1e-4, 0.001, 0.0025, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];

/// What was recorded is put into its buckets so often, also where nobody collects it.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder of this program.
pub(crate) fn install() -> anyhow::Result<Metrics> {
    let durations = Matcher::Suffix("duration".to_owned());
    // As OpenTelemetry has it for Prometheus: `_total` behind counts, and the unit behind what has one.
    let builder = PrometheusBuilder::new().with_recommended_naming(true);
    let builder = builder.set_buckets_for_metric(durations, &SECONDS);
    let recorder = builder.context("the buckets of the metrics")?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).context("the recorder of the metrics")?;
    let kept = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            kept.run_upkeep();
        }
    });
    Ok(Metrics::new(move || handle.render()))
}
