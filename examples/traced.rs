//! One request through actors of two nodes, as one trace: OpenTelemetry records it, and it is printed as a tree.
//!
//! `cargo run --example traced`

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::{Node, Propagator, Security, TraceContext};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanId, TracerProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use serde::{Deserialize, Serialize};
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::prelude::*;

/// Has traces go on at other nodes: what knows the ids of a span is handed to each node. Within a node nothing is to be done.
struct OpenTelemetry(TraceContextPropagator);

impl Propagator for OpenTelemetry {
    fn inject(&self, span: &Span) -> Option<TraceContext> {
        let mut headers = HashMap::new();
        self.0.inject_context(&span.context(), &mut headers);
        let state = headers.get("tracestate").map_or("", String::as_str);
        TraceContext::parse(headers.get("traceparent")?, state)
    }

    fn extract(&self, context: &TraceContext, span: &Span) {
        let headers = [
            ("traceparent", context.parent()),
            ("tracestate", context.state().to_owned()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value));
        // It says so if OpenTelemetry does not record this span: then there is nothing to be done.
        let _ = span.set_parent(self.0.extract(&HashMap::from(headers)));
    }
}

#[derive(Serialize, Deserialize)]
struct Order(String, Reply<String>);

struct Waiter(Handle<Kitchen>);

impl Actor for Waiter {
    type Msg = Order;

    async fn handle(&mut self, Order(dish, reply): Order, _: &mut Context<Order>) -> ActorResult {
        reply.send(self.0.ask(|reply| Kitchen::Cook(dish, reply)).await?);
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
enum Kitchen {
    Cook(String, Reply<String>),
    Serve(String, Reply<String>),
}

struct Cook(Handle<String>);

impl Actor for Cook {
    type Msg = Kitchen;

    async fn handle(&mut self, msg: Kitchen, ctx: &mut Context<Kitchen>) -> ActorResult {
        match msg {
            Kitchen::Cook(dish, reply) => {
                let oil = tokio::time::sleep(Duration::from_millis(5));
                oil.instrument(info_span!("heat the oil")).await;
                self.0.tell(format!("what belongs into {dish}")).await?;
                ctx.once(Duration::from_millis(20), Kitchen::Serve(dish, reply));
            }
            Kitchen::Serve(dish, reply) => reply.send(format!("{dish}, hot")),
        }
        Ok(())
    }
}

struct Pantry;

impl Actor for Pantry {
    type Msg = String;

    async fn handle(&mut self, _wanted: String, _: &mut Context<String>) -> ActorResult {
        Ok(())
    }
}

/// Keeps what was recorded; a program would send it to where traces are looked at, with `opentelemetry-otlp`.
#[derive(Clone, Debug, Default)]
struct Recorded(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Recorded {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().expect("nobody panics with it").append(&mut batch);
        Ok(())
    }
}

/// Prints what came of a span, and what came of that.
fn show(spans: &[SpanData], of: SpanId, depth: usize) {
    for span in spans.iter().filter(|span| span.parent_span_id == of) {
        let took = span.end_time.duration_since(span.start_time).unwrap_or_default();
        let path = span.attributes.iter().find(|pair| pair.key.as_str() == "path");
        let path = path.map_or_else(String::new, |path| format!(" at {}", path.value));
        println!("{:depth$}{}{path}, {took:.1?}", "", span.name);
        show(spans, span.span_context.span_id(), depth + 2);
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let recorded = Recorded::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(recorded.clone())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("traced"));
    tracing_subscriber::registry().with(layer).init();

    let (house, yard) = (System::new("house"), System::new("yard"));
    let node = |system, name| {
        let node = Node::builder(system).name(name).security(Security::insecure());
        node.propagator(OpenTelemetry(TraceContextPropagator::new()))
    };
    let far = node(&yard, "yard").listen("127.0.0.1:0").start().await?;
    let near = node(&house, "house")
        .peer("yard", far.address().unwrap_or_default())
        .start()
        .await?;
    let pantry = yard.spawn("pantry", || Pantry)?;
    far.expose("cook", &yard.spawn("cook", move || Cook(pantry.clone()))?)?;
    let cook = near.lookup::<Kitchen>("cook@yard").await?;
    let waiter = house.spawn("waiter", move || Waiter(cook.clone()))?;

    let asking = waiter.ask(|reply| Order("dumplings".to_owned(), reply));
    println!("{}\n", asking.instrument(info_span!("request")).await?);
    house.shutdown().await;
    yard.shutdown().await;
    let mut spans = recorded.0.lock().expect("nobody panics with it").clone();
    spans.retain(|span| span.name != "actor");
    spans.sort_by_key(|span| span.start_time);
    show(&spans, SpanId::INVALID, 0);
    Ok(())
}
