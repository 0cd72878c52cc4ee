//! What the pipeline is for: nothing is lost unnamed, retries and memory are bounded, a customer's orders stay in order.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use actor_testkit::{Fault, Faults};
use clap::Parser as _;
use tokio::time::Instant;

use crate::enrich::{Enricher, Retries};
use crate::flags::Flags;
use crate::flow::{Flow, feed};
use crate::service::Service;
use crate::sink::Report;
use crate::source::Source;

const STRATEGIES: [&str; 3] = ["round-robin", "least-loaded", "by-key"];

/// A folder for the output of one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pipeline-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the folder for temporary files can be written");
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn flags(&self, flags: &str) -> Flags {
        let output = self.file("out.csv").display().to_string();
        let words = flags.split_whitespace();
        Flags::parse_from(["pipeline", "--output", &output].into_iter().chain(words))
    }

    /// The numbers of what was written, in the order of the file, by customer.
    fn written(&self) -> BTreeMap<String, Vec<u64>> {
        let text = std::fs::read_to_string(self.file("out.csv")).expect("it was written");
        let mut written = BTreeMap::<String, Vec<u64>>::new();
        for line in text.lines() {
            let mut fields = line.split(',');
            let number = fields.next().and_then(|number| number.parse().ok()).expect("a number");
            written
                .entry(fields.next().expect("a customer").to_owned())
                .or_default()
                .push(number);
        }
        written
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn run(flags: &Flags) -> anyhow::Result<(Report, Flow)> {
    let mut source = Source::open(flags).await?;
    let flow = Flow::start(flags)?;
    feed(&mut source, &flow).await?;
    Ok((flow.drain().await?, flow))
}

#[tokio::test(start_paused = true)]
async fn all_that_was_read_is_written_or_named_when_the_reading_is_cut_off() -> anyhow::Result<()> {
    let folder = Folder::new("drain");
    for strategy in STRATEGIES {
        let flags = folder.flags(&format!(
            "--lines 100000 --workers 4 --attempts 2 --strategy {strategy}"
        ));
        let mut source = Source::open(&flags).await?;
        let flow = Flow::start(&flags)?;
        let cut_off = tokio::time::timeout(Duration::from_secs(2), feed(&mut source, &flow)).await;
        assert!(cut_off.is_err() && flow.in_flight() > 0, "it was in the middle of it");
        let report = flow.drain().await?;
        let written: usize = folder.written().values().map(Vec::len).sum();
        assert!(report.read > 100 && !report.refused.is_empty(), "{report}");
        assert_eq!(report.read, report.written + report.refused.len() as u64, "{report}");
        assert_eq!((written as u64, report.lost.count()), (report.written, 0));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_a_failing_worker_had_in_its_hand_is_named_and_nothing_else_is_lost() -> anyhow::Result<()> {
    let folder = Folder::new("lost");
    let flags = folder.flags("--lines 200 --failures 0 --workers 1 --seed 7");
    let mut source = Source::open(&flags).await?;
    let faults = Faults::on(20, Fault::Panic)
        .and_on(50, Fault::Fail)
        .and_on(51, Fault::Drop);
    let plan = std::sync::Arc::new(faults);
    let service = Service::new(7, flags.latency, 0);
    let retries = Retries {
        attempts_max: 1,
        backoff: flags.backoff,
    };
    let flow = Flow::start_with(&flags, move |sink| {
        let (service, sink) = (service.clone(), sink.clone());
        plan.wrap(move || Enricher::new(service.clone(), retries, sink.clone()))()
    })?;
    feed(&mut source, &flow).await?;
    let report = flow.drain().await?;
    assert_eq!(report.read, 200);
    assert_eq!(report.lost.count(), 3, "{report}");
    let written: usize = folder.written().values().map(Vec::len).sum();
    assert_eq!(written + report.refused.len(), 197);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_hard_stop_names_what_was_on_its_way() -> anyhow::Result<()> {
    let folder = Folder::new("abandon");
    let flags = folder.flags("--lines 100000 --workers 4 --latency 1s");
    let mut source = Source::open(&flags).await?;
    let flow = Flow::start(&flags)?;
    let cut_off = tokio::time::timeout(Duration::from_secs(5), feed(&mut source, &flow)).await;
    assert!(cut_off.is_err());
    let report = flow.abandon().await?;
    let written: usize = folder.written().values().map(Vec::len).sum();
    assert_eq!(written as u64, report.written);
    assert!(report.lost.count() > 0 && !report.is_complete());
    assert_eq!(
        report.read,
        report.written + report.refused.len() as u64 + report.lost.count()
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_gone_is_called_so_often_and_no_more() -> anyhow::Result<()> {
    let folder = Folder::new("retries");
    let flags = folder.flags("--lines 1 --failures 100 --attempts 4 --latency 0ms --backoff 3s");
    let begun = Instant::now();
    let (report, _) = run(&flags).await?;
    assert_eq!(
        report.refused,
        [(1, "given up after 4 calls: 503, try again later".to_owned())]
    );
    // 3 s, 6 s, and 10 s in place of 12.
    assert_eq!(begun.elapsed().as_secs(), 19);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn by_key_the_orders_of_a_customer_stay_in_order() -> anyhow::Result<()> {
    let folder = Folder::new("order");
    let (report, _) = run(&folder.flags("--lines 2000 --workers 8 --strategy by-key")).await?;
    assert!(report.is_complete());
    for (customer, numbers) in folder.written() {
        assert!(numbers.is_sorted(), "{customer}: {numbers:?}");
    }
    let (report, _) = run(&folder.flags("--lines 2000 --workers 8 --strategy round-robin")).await?;
    assert!(report.is_complete());
    let in_order = folder.written().values().all(|numbers| numbers.is_sorted());
    assert!(
        !in_order,
        "in turn they overtake each other, or this test would show nothing"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_is_bounded_however_fast_the_source_is() -> anyhow::Result<()> {
    let folder = Folder::new("bound");
    for strategy in STRATEGIES {
        let flags = folder.flags(&format!("--lines 3000 --workers 4 --queue 3 --strategy {strategy}"));
        let (report, flow) = run(&flags).await?;
        assert_eq!(flow.in_flight_max(), 18);
        let peak = report.in_flight_peak;
        assert!((10..=18).contains(&peak), "{strategy}: {peak}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_file_with_bad_lines_is_read_to_its_end() -> anyhow::Result<()> {
    let folder = Folder::new("file");
    let long = "x".repeat(5000);
    let lines = format!("anna,100\nno comma\n,5\n{long},7\nbert,1e9\r\nanna,200\r\ncarla,300");
    std::fs::write(folder.file("in.csv"), lines)?;
    let input = folder.file("in.csv").display().to_string();
    let (report, _) = run(&folder.flags(&format!("--failures 0 --input {input}"))).await?;
    let refused: Vec<u64> = report.refused.iter().map(|&(number, _)| number).collect();
    assert_eq!((report.read, report.written), (7, 3), "{report}");
    assert_eq!(refused, [2, 3, 4, 5], "{report}");
    Ok(())
}

#[test]
fn bad_flags_are_refused_with_what_would_be_good() {
    let refused = |flags: &str| {
        let words = ["pipeline"].into_iter().chain(flags.split_whitespace());
        Flags::try_parse_from(words).expect_err("they are bad").to_string()
    };
    assert!(refused("--latency 20").contains("give it a unit: 250ms, or 2s"));
    assert!(refused("--latency 11s").contains("from 0ms to 10s"));
    assert!(refused("--backoff 0ms").contains("from 1ms to 10s"));
    assert!(refused("--workers 0").contains("1..=1024"));
    assert!(refused("--strategy best").contains("round-robin, least-loaded, by-key"));
    assert!(refused("--input a --lines 5").contains("cannot be used with"));
}
