//! OpenTelemetry as a program would use it, whose exporter writes a line for each span into a file.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

use actor_net::{Propagator, TraceContext};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use serde_json::{Value, json};
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing::{Dispatch, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

/// Writes spans into a file, one line of JSON for each.
#[derive(Debug)]
struct Lines(Mutex<File>);

impl SpanExporter for Lines {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut file = self.0.lock().expect("nobody panics while it writes");
        for span in batch {
            let attributes = span.attributes.iter();
            let attributes: HashMap<_, _> = attributes
                .map(|pair| (pair.key.to_string(), pair.value.to_string()))
                .collect();
            let status = match &span.status {
                Status::Error { description } => description.to_string(),
                Status::Unset | Status::Ok => String::new(),
            };
            let links = span.links.iter().map(|link| link.span_context.span_id().to_string());
            let line = json!({
                "trace": span.span_context.trace_id().to_string(),
                "span": span.span_context.span_id().to_string(),
                "parent": span.parent_span_id.to_string(),
                "from_afar": span.parent_span_is_remote,
                "name": span.name,
                "kind": format!("{:?}", span.span_kind),
                "attributes": attributes,
                "failure": status,
                "links": links.collect::<Vec<_>>(),
                "state": span.span_context.trace_state().header(),
            });
            writeln!(file, "{line}").expect("there is room on the disk");
        }
        Ok(())
    }
}

/// Knows the traces of spans: what a program hands to its nodes.
pub(super) struct OpenTelemetry;

impl Propagator for OpenTelemetry {
    fn inject(&self, span: &Span) -> Option<TraceContext> {
        let mut headers = HashMap::new();
        TraceContextPropagator::new().inject_context(&span.context(), &mut headers);
        let state = headers.get("tracestate").map_or("", String::as_str);
        TraceContext::parse(headers.get("traceparent")?, state)
    }

    fn extract(&self, context: &TraceContext, span: &Span) {
        let headers = HashMap::from([
            ("traceparent".to_owned(), context.parent()),
            ("tracestate".to_owned(), context.state().to_owned()),
        ]);
        let parent = TraceContextPropagator::new().extract(&headers);
        span.set_parent(parent)
            .expect("the span is new, and known to the layer");
    }
}

/// Records all spans of this thread, until it is dropped.
pub(super) struct Tracer {
    file: PathBuf,
    _subscriber: DefaultGuard,
}

/// Beside this there is always another subscriber: see `telemetry.rs`.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

impl Tracer {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        LazyLock::force(&SECOND);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("spans-{}-{number}.jsonl", std::process::id()));
        let lines = File::create(&file).expect("there is room on the disk");
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(Lines(Mutex::new(lines)))
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("promises"));
        let subscriber = tracing_subscriber::registry().with(layer);
        Self {
            file,
            _subscriber: tracing::subscriber::set_default(subscriber),
        }
    }

    /// All spans that are closed by now, read from the file.
    pub(super) fn read(self) -> Spans {
        let text = std::fs::read_to_string(&self.file).expect("it was written");
        std::fs::remove_file(&self.file).expect("it is ours");
        let spans = text.lines().map(|line| serde_json::from_str(line).expect("it is JSON"));
        Spans(spans.collect())
    }
}

/// What was exported.
pub(super) struct Spans(pub(super) Vec<Value>);

fn text<'a>(span: &'a Value, key: &str) -> &'a str {
    span[key].as_str().unwrap_or_default()
}

impl Spans {
    /// The span of this name, of which there is one.
    pub(super) fn named(&self, name: &str) -> &Value {
        let mut found = self.0.iter().filter(|span| text(span, "name") == name);
        let span = found.next().unwrap_or_else(|| panic!("no {name} in {:#?}", self.0));
        assert!(found.next().is_none(), "{name} twice in {:#?}", self.0);
        span
    }

    /// All of one trace but its root, each by the paths of its actor and of those before it, the last one first; sorted.
    pub(super) fn ways(&self, root: &str) -> Vec<String> {
        let trace = text(self.named(root), "trace");
        let spans = self.0.iter().filter(|span| text(span, "trace") == trace);
        let by_id: HashMap<&str, &Value> = spans.map(|span| (text(span, "span"), span)).collect();
        let handled = by_id.values().filter(|span| text(span, "name") != root);
        let mut ways: Vec<String> = handled
            .map(|span| {
                let parents = std::iter::successors(Some(*span), |span| {
                    let parent = by_id.get(text(span, "parent")).copied();
                    assert!(parent.is_some() || text(span, "name") == root, "no parent of {span:#?}");
                    parent
                });
                // The name of an actor that the node has for itself ends in an id.
                let path = |span: &'_ Value| Some(text(&span["attributes"], "path").split('-').next()?.to_owned());
                let names = parents.map(|span| {
                    path(span)
                        .filter(|path| !path.is_empty())
                        .unwrap_or(text(span, "name").to_owned())
                });
                names.collect::<Vec<_>>().join(" < ")
            })
            .collect();
        ways.sort();
        ways
    }
}
