//! What the relay costs, printed and not asserted: `cargo test --release -p tripline-relay figures -- --ignored
//! --nocapture --test-threads 1`. The receiver takes batches at once, so that what is left is the relay.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tripline_samples::{Options, Order, Samples};

use super::neighbours::{Receiver, Sender, request};
use super::{rules, settings};
use crate::start;

/// The seed rule over sign-ins as diagnostic settings write them.
const SIGNINS: &str = r#"
schema signin {
  accept .category in ["SignInLogs", "NonInteractiveUserSignInLogs"]
  time        : timestamp = .time
  id          : string    = .properties.id
  user        : string    = lower(.properties.userPrincipalName)
  ip          : ip        = .properties.ipAddress
  asn         : int       = .properties.autonomousSystemNumber
  result      : int       = .resultType
  interactive : bool      = .category == "SignInLogs"
}
rule replay {
  sequence by user within 10m {
    login = last signin where interactive and result == 0
    token = signin where not interactive and result == 0
        and differ(token.ip, login.ip) and differ(token.asn, login.asn)
  }
  emit { from = login.ip }
}
"#;

/// Records a batch, as Vector sends them.
const BATCH: usize = 1000;

/// Batches of sign-ins as they are delivered.
fn batches(count: usize) -> Vec<Bytes> {
    let mut records = Samples::new(&Options {
        records: (count * BATCH) as u64,
        users: 5000,
        order: Order::Delivered,
        ..Options::default()
    });
    (0..count)
        .map(|_| {
            let batch = records.by_ref().take(BATCH);
            let lines: Vec<String> = batch.map(|sample| sample.record).collect();
            request(&lines)
        })
        .collect()
}

/// The times that answers took, each batch sent when it is due.
async fn paced(to: &Sender, batches: &[Bytes], every: Duration) -> Vec<Duration> {
    let mut pace = tokio::time::interval(every);
    let mut sent = Vec::new();
    for batch in batches {
        pace.tick().await;
        let (to, batch) = (to.clone(), batch.clone());
        sent.push(tokio::spawn(async move {
            let began = Instant::now();
            to.push(batch).await.unwrap();
            began.elapsed()
        }));
    }
    let mut took = Vec::new();
    for one in sent {
        took.push(one.await.unwrap());
    }
    took.sort();
    took
}

fn milliseconds(took: &[Duration], of_hundred: usize) -> f64 {
    took[(took.len() - 1) * of_hundred / 100].as_secs_f64() * 1e3
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures of a release build"]
async fn latency_at_ten_thousand_records_a_second_and_throughput() {
    let folder = tempfile::tempdir().unwrap();
    let batches = batches(100);
    let bytes: usize = batches.iter().map(Bytes::len).sum();
    println!(
        "{} records of {} bytes",
        batches.len() * BATCH,
        bytes / batches.len() / BATCH
    );
    for (name, relayed, kept) in [
        ("straight to the receiver", false, false),
        ("through the relay", true, false),
        ("through the relay, with --state", true, true),
    ] {
        let receiver = Receiver::begin().await;
        let relay = if relayed {
            let mut settings = settings(receiver.target());
            settings.state = kept.then(|| crate::StateSettings {
                path: folder.path().join("state"),
                every: Duration::from_secs(30),
            });
            Some(start(settings, rules(SIGNINS), None).await.unwrap())
        } else {
            None
        };
        let at = relay
            .as_ref()
            .map_or(receiver.address, |relay| relay.listen[0]);
        let sender = Sender::to(at);
        let took = paced(&sender, &batches, Duration::from_millis(100)).await;
        println!(
            "{name}: a batch of {BATCH} took {:.1} ms in the median, {:.1} ms at the 99th percentile",
            milliseconds(&took, 50),
            milliseconds(&took, 99),
        );
        let began = Instant::now();
        for batch in &batches {
            sender.push(batch.clone()).await.unwrap();
        }
        let each = began.elapsed().as_secs_f64() / (batches.len() * BATCH) as f64;
        println!(
            "{name}: {:.0} records/s, one batch after the other",
            1.0 / each
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures of a release build"]
async fn memory_while_the_receiver_stands_still() {
    let receiver = Receiver::begin().await;
    receiver.answer(std::iter::repeat_n(
        super::neighbours::Answer::Never,
        10_000,
    ));
    let mut settings = settings(receiver.target());
    settings.limits.request = 16 << 20;
    settings.limits.memory = 128 << 20;
    settings.limits.silence = Duration::from_secs(60);
    settings.forward.timeout = Duration::from_secs(60);
    let relay = start(settings, rules(SIGNINS), None).await.unwrap();
    let sender = Sender::to(relay.listen[0]);
    let batches = batches(20);
    for batch in batches.iter().cycle().take(400) {
        let (sender, batch) = (sender.clone(), batch.clone());
        tokio::spawn(async move { sender.push(batch).await });
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let at = format!("http://{}/metrics", relay.listen[0]);
    let text = reqwest::get(at).await.unwrap().text().await.unwrap();
    for line in text
        .lines()
        .filter(|line| line.starts_with("tripline_relay_bytes_held") || line.contains("requests"))
    {
        println!("{line}");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or("");
    println!("sender, relay and receiver together: {peak}");
}
