//! Promises about what is shown.

use std::sync::Arc;

use actor_core::prelude::*;
use actor_observer::{Observer, serve};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::client::get;
use crate::subject::{Do, Subject};

/// The next look that comes.
async fn next(lines: &mut BufReader<TcpStream>) -> Value {
    loop {
        let mut line = String::new();
        assert!(
            lines.read_line(&mut line).await.expect("text") > 0,
            "the looks have ended"
        );
        if let Some(look) = line.trim_end().strip_prefix("data: ") {
            return serde_json::from_str(look).expect("JSON");
        }
    }
}

fn json(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).expect("JSON")
}

#[tokio::test]
async fn one_that_waits_is_among_the_worst_with_whom_it_waits_for() {
    let system = System::new("test");
    let serving = serve(&system, ([127, 0, 0, 1], 0).into()).await.expect("a port");
    let asking = system.spawn("asking", || Subject).expect("a free name");
    let slow = system.spawn("slow", || Subject).expect("a free name");
    let gate = Arc::new(Notify::new());
    slow.tell(Do::Wait(gate.clone())).await.expect("it lives");
    asking.tell(Do::Ask(slow.clone())).await.expect("it lives");
    let mut looks = BufReader::new(get(serving.address(), "GET /api/looks").begin().await);
    let found = loop {
        let look = next(&mut looks).await;
        let wait = look["worst"]["wait"].as_array().expect("a list").clone();
        if let Some(found) = wait.iter().find(|actor| actor["path"] == "/test/asking") {
            break found.clone();
        }
    };
    assert_eq!(found["waits_for"][0], "/test/slow");
    assert_eq!(found["state"], "waiting");
    gate.notify_one();
    system.shutdown().await;
}

#[tokio::test]
async fn a_failure_is_shown_with_its_cause_and_the_restart() {
    let system = System::new("test");
    let serving = serve(&system, ([127, 0, 0, 1], 0).into()).await.expect("a port");
    let actor = system.spawn("a", || Subject).expect("a free name");
    actor.tell(Do::Fail("the disk is full")).await.expect("it lives");
    actor.ask(Do::Answer).await.expect("it was restarted");
    let (_, answer) = get(serving.address(), "GET /api/actor?path=/test/a").send().await;
    let detail = json(&answer);
    assert_eq!(detail["actor"]["restarts"], 1);
    assert_eq!(detail["exits"][0]["reason"], "failed: /test/a the disk is full");
    let mut looks = BufReader::new(get(serving.address(), "GET /api/looks").begin().await);
    let look = next(&mut looks).await;
    let events = look["events"].as_array().expect("a list");
    assert!(
        events
            .iter()
            .any(|event| event["what"] == "failed: /test/a the disk is full" && event["is_bad"] == true)
    );
    assert_eq!(
        (&look["lives"]["restarted"], &look["totals"]["living"]),
        (&1.into(), &1.into())
    );
    system.shutdown().await;
}

#[tokio::test]
async fn of_many_actors_a_page_is_sent_and_where_to_go_on() {
    let system = System::new("test");
    let serving = serve(&system, ([127, 0, 0, 1], 0).into()).await.expect("a port");
    for n in 0..500 {
        system.spawn(format!("actor {n:03}"), || Subject).expect("a free name");
    }
    let address = serving.address();
    let page = |query: String| async move {
        let line = format!("GET /api/{query}");
        json(&get(address, &line).send().await.1)
    };
    let first = page("children?path=/test&max=1000000".to_owned()).await;
    assert_eq!(first["actors"].as_array().expect("a list").len(), 200);
    let after = first["next"].as_u64().expect("there are more");
    let second = page(format!("children?path=/test&after={after}&max=1")).await;
    assert_eq!(second["actors"][0]["path"], "/test/actor 200");
    let found = page("find?text=actor%2049&max=3".to_owned()).await;
    assert_eq!(
        (&found["actors"][2]["path"], &found["next"]),
        (&"/test/actor 492".into(), &3.into())
    );
    system.shutdown().await;
}

#[tokio::test]
async fn one_that_is_looked_at_closely_shows_its_messages_by_their_kind() {
    let system = System::new("test");
    let observer = Observer::new(&system).token("secret");
    let serving = observer.serve(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let actor = system.spawn("a", || Subject).expect("a free name");
    let body = format!(r#"{{"path":"/test/a","id":"{}","what":"trace"}}"#, actor.id());
    let order = get(serving.address(), "POST /api/act").body(body);
    assert_eq!(order.token("secret").send().await.0, 204);
    for _ in 0..3 {
        actor.ask(Do::Answer).await.expect("it answers");
    }
    actor.tell(Do::Fail("on purpose")).await.expect("it lives");
    let gate = Arc::new(Notify::new());
    actor.tell(Do::Wait(gate.clone())).await.expect("it lives");
    let seen = loop {
        let (_, answer) = get(serving.address(), "GET /api/actor?path=/test/a").send().await;
        let seen = json(&answer)["closeup"].clone();
        if !seen["in_hand"].is_null() {
            break seen;
        }
    };
    assert_eq!(seen["in_hand"]["kind"], "wait");
    let kinds = seen["kinds"].as_array().expect("a list").iter();
    let mut kinds: Vec<_> = kinds
        .map(|kind| (kind["name"].as_str(), kind["handled"].as_u64(), kind["failed"].as_u64()))
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [(Some("answer"), Some(3), Some(0)), (Some("fail"), Some(1), Some(1))]
    );
    assert_eq!(
        (&seen["last"][0]["failure"], &seen["last"][1]["asked"]),
        (&"on purpose".into(), &true.into())
    );
    gate.notify_one();
    system.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_does_not_give_its_thread_back_is_shown_as_stuck_and_since_when() {
    let system = System::new("test");
    let serving = serve(&system, ([127, 0, 0, 1], 0).into()).await.expect("a port");
    let actor = system.spawn("a", || Subject).expect("a free name");
    let (hold, held) = std::sync::mpsc::channel();
    let mut looks = BufReader::new(get(serving.address(), "GET /api/looks").begin().await);
    actor.tell(Do::Hold(held)).await.expect("it lives");
    let found = loop {
        let look = next(&mut looks).await;
        let wait = look["worst"]["wait"].as_array().expect("a list").clone();
        if let Some(found) = wait.into_iter().find(|actor| actor["state"] == "stuck") {
            break found;
        }
    };
    assert_eq!((&found["path"], &found["mood"]), (&"/test/a".into(), &"stuck".into()));
    assert!(found["lasts_ms"].as_u64() >= Some(1000), "{found}");
    let (_, text) = get(serving.address(), "GET /top").send().await;
    assert!(text.contains("1 stuck") && text.contains("/test/a "), "{text}");
    hold.send(()).expect("it waits");
    system.shutdown().await;
}
