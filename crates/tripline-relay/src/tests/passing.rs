//! What a relay does when all goes well.

use std::time::Duration;

use serde_json::{Value, json};
use tonic::codec::CompressionEncoding;

use super::neighbours::{EXPORT, Receiver, Sender, otlp_request, request};
use super::{RULES, receiver, rules, running, settings, signin};
use crate::budget::Held;
use crate::settings::Compression;
use crate::{RuleSource, start};

#[tokio::test]
async fn records_pass_as_they_came_and_the_one_that_completes_a_match_gains_it() {
    let receiver = Receiver::begin().await;
    let relay = running(settings(receiver.target())).await;
    let sender = Sender::to(relay.listen[0]);
    let quiet = request(&[
        signin(1, "a", 0, 1),
        "{\"other\":[1,{\"x\":null}]}".to_owned(),
    ]);
    sender.push(quiet.clone()).await.unwrap();
    assert_eq!(receiver.had(), [quiet], "every byte is as it was");
    sender
        .send(&[signin(2, "b", 5, 1), signin(3, "a", 9, 2)])
        .await
        .unwrap();
    let records = receiver.records();
    assert_eq!(
        records[2],
        serde_json::from_str::<Value>(&signin(2, "b", 5, 1)).unwrap()
    );
    let gained = &records[3]["tripline"];
    assert_eq!(gained["tags"], json!([]));
    assert_eq!(gained["detections"][0]["rule"], "moved");
    assert_eq!(gained["detections"][0]["fields"]["from"], "192.0.2.1");
    assert!(relay.end().await);
}

#[tokio::test]
async fn requests_may_be_compressed_on_both_sides() {
    for (came, goes) in [
        (CompressionEncoding::Gzip, Compression::Zstd),
        (CompressionEncoding::Zstd, Compression::Gzip),
    ] {
        let receiver = Receiver::begin().await;
        let mut settings = settings(receiver.target());
        settings.forward.compression = goes;
        let relay = running(settings).await;
        let mut sender = Sender::to(relay.listen[0]);
        sender.compression = Some(came);
        let records: Vec<String> = (0..500).map(|id| signin(id, "a", id % 600, 1)).collect();
        sender.send(&records).await.unwrap();
        assert_eq!(receiver.records().len(), 500);
    }
}

#[tokio::test]
async fn records_come_as_json_in_three_forms_and_go_as_lines() {
    let receiver = Receiver::begin().await;
    let relay = running(settings(receiver.http_target())).await;
    let client = reqwest::Client::new();
    let at = format!("http://{}/v1/logs", relay.listen[0]);
    for body in [
        format!("{}\n{}\n", signin(1, "a", 0, 1), signin(2, "a", 1, 2)),
        format!("[{},{}]", signin(3, "b", 0, 1), signin(4, "b", 1, 2)),
        format!(
            "{{\"records\":[{},{}]}}",
            signin(5, "c", 0, 1),
            signin(6, "c", 1, 2)
        ),
    ] {
        let answer = client.post(&at).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(receiver.records().len(), 6);
    assert_eq!(receiver.detections().len(), 3);
}

/// How many log records of a request of OpenTelemetry have an attribute with a detection.
fn annotated(request: bytes::Bytes) -> usize {
    let batch = crate::records::made::otlp(request).unwrap();
    let text = crate::records::lines::rebuilt(&batch, &Vec::new(), "", &mut Held::own()).unwrap();
    let lines = std::str::from_utf8(&text).unwrap().lines();
    let values = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    values
        .filter(|value| value["otel"]["attributes"]["tripline"]["detections"][0]["rule"] == "moved")
        .count()
}

#[tokio::test]
async fn logs_of_opentelemetry_pass_by_grpc_and_http_in_protobuf_and_json() {
    let receiver = Receiver::begin().await;
    let targets = [
        format!("otlp://{}", receiver.address),
        format!("otlp+http://{}/otlp", receiver.address),
    ];
    for target in targets {
        let before = receiver.had().len();
        let relay = running(settings(target.parse().unwrap())).await;
        let quiet = otlp_request(&[signin(1, "a", 0, 1)]);
        let sender = Sender::to(relay.listen[0]);
        assert_eq!(sender.call(EXPORT, quiet.clone()).await.unwrap(), "");
        assert_eq!(receiver.had()[before], quiet, "every byte is as it was");
        let client = reqwest::Client::new();
        let at = format!("http://{}/v1/logs", relay.listen[0]);
        let post = client
            .post(&at)
            .header("content-type", "application/x-protobuf");
        let answer = post
            .body(otlp_request(&[signin(2, "a", 1, 2)]))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(annotated(receiver.had()[before + 1].clone()), 1);
        let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
            {"body": {"stringValue": signin(3, "a", 2, 3)}}
        ]}]}]});
        let post = client.post(&at).header("content-type", "application/json");
        let answer = post.body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(annotated(receiver.had()[before + 2].clone()), 1);
    }
}

#[tokio::test]
async fn records_go_from_each_form_to_each_other() {
    let receiver = Receiver::begin().await;
    for target in [
        receiver.target(),
        receiver.http_target(),
        format!("otlp://{}", receiver.address).parse().unwrap(),
    ] {
        let relay = running(settings(target.clone())).await;
        let sender = Sender::to(relay.listen[0]);
        let before = receiver.had().len();
        sender.push(request(&[signin(1, "a", 0, 1)])).await.unwrap();
        sender
            .call(EXPORT, otlp_request(&[signin(2, "a", 1, 2)]))
            .await
            .unwrap();
        let at = format!("http://{}/v1/logs", relay.listen[0]);
        let sent = reqwest::Client::new()
            .post(&at)
            .body(signin(3, "a", 2, 3))
            .send()
            .await;
        assert_eq!(sent.unwrap().status(), 200);
        let had = receiver.had().split_off(before);
        if matches!(target, crate::Target::Otlp { .. }) {
            let of = had.into_iter().map(|request| {
                let batch = crate::records::made::otlp(request).unwrap();
                assert_eq!(batch.records.len(), 1);
                crate::records::lines::rebuilt(&batch, &Vec::new(), "", &mut Held::own()).unwrap()
            });
            let found = of.filter(|text| text.windows(7).any(|at| at == b"\"moved\""));
            assert_eq!(found.count(), 2, "{target}");
        } else {
            let records = receiver.records();
            let last = &records[records.len() - 3..];
            let ids: Vec<&Value> = last.iter().map(|record| &record["id"]).collect();
            assert_eq!(ids, ["1", "2", "3"], "{target}");
            let found = last.iter().filter(|record| !record["tripline"].is_null());
            assert_eq!(found.count(), 2, "{target}");
        }
    }
}

#[tokio::test]
async fn vector_and_http_are_one_stream_to_the_rules() {
    let receiver = Receiver::begin().await;
    let relay = running(settings(receiver.target())).await;
    Sender::to(relay.listen[0])
        .send(&[signin(1, "a", 0, 1)])
        .await
        .unwrap();
    let client = reqwest::Client::new();
    let at = format!("http://{}/v1/logs", relay.listen[0]);
    let sent = client.post(&at).body(signin(2, "a", 1, 2)).send().await;
    assert_eq!(sent.unwrap().status(), 200);
    assert_eq!(receiver.detections().len(), 1);
}

#[tokio::test]
async fn detections_go_a_way_of_their_own_and_records_stay_as_they_were() {
    let (records, found) = (Receiver::begin().await, Receiver::begin().await);
    let mut settings = settings(records.target());
    settings.detections = Some(receiver(found.http_target()));
    let relay = running(settings).await;
    let batch = request(&[signin(1, "a", 0, 1), signin(2, "a", 1, 2)]);
    Sender::to(relay.listen[0])
        .push(batch.clone())
        .await
        .unwrap();
    assert_eq!(records.had(), [batch]);
    let detections = found.records();
    assert_eq!(detections.len(), 1);
    assert_eq!(detections[0]["rule"], "moved");
    assert_eq!(detections[0]["events"].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn filters_drop_and_tag_but_never_what_carries_a_detection() {
    let receiver = Receiver::begin().await;
    let mut settings = settings(receiver.target());
    settings.filters = true;
    let relay = running(settings).await;
    let kind = |record: String, kind: &str| record.replace('}', &format!(",\"kind\":\"{kind}\"}}"));
    let sender = Sender::to(relay.listen[0]);
    sender
        .send(&[
            kind(signin(1, "a", 0, 1), "noise"),
            kind(signin(2, "b", 0, 1), "odd"),
            kind(signin(3, "a", 1, 2), "noise"),
        ])
        .await
        .unwrap();
    let ids: Vec<Value> = receiver
        .records()
        .iter()
        .map(|record| record["id"].clone())
        .collect();
    assert_eq!(ids, ["2", "3"]);
    assert_eq!(receiver.records()[0]["tripline"]["tags"], json!(["odd"]));
    assert_eq!(receiver.detections().len(), 1);
    // Nothing is left of a batch: there is nothing to forward.
    sender
        .send(&[kind(signin(4, "c", 0, 1), "noise")])
        .await
        .unwrap();
    assert_eq!(receiver.requests(), 1);
}

#[tokio::test]
async fn records_can_go_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    let relay = running(settings(
        format!("file:{}", path.display()).parse().unwrap(),
    ))
    .await;
    let sender = Sender::to(relay.listen[0]);
    sender.send(&[signin(1, "a", 0, 1)]).await.unwrap();
    sender.send(&[signin(2, "a", 1, 2)]).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], signin(1, "a", 0, 1));
    assert!(lines[1].contains("\"rule\":\"moved\""), "{text}");
}

#[tokio::test]
async fn metrics_and_health_are_told() {
    let receiver = Receiver::begin().await;
    let mut settings = settings(receiver.target());
    settings.admin = Some(([127, 0, 0, 1], 0).into());
    let relay = running(settings).await;
    let sender = Sender::to(relay.listen[0]);
    sender
        .send(&[signin(1, "a", 0, 1), signin(2, "a", 1, 2)])
        .await
        .unwrap();
    let health = sender
        .call("/vector.Vector/HealthCheck", bytes::Bytes::new())
        .await;
    assert_eq!(health.unwrap(), "", "SERVING is left out of the message");
    for at in [relay.listen[0], relay.admin.unwrap()] {
        let get = |path: &'static str| async move {
            let answer = reqwest::get(format!("http://{at}{path}")).await.unwrap();
            (answer.status(), answer.text().await.unwrap())
        };
        assert_eq!(
            get("/healthz").await,
            (http::StatusCode::OK, "ok\n".to_owned())
        );
        assert_eq!(get("/readyz").await.0, 200);
        let (_, text) = get("/metrics").await;
        for line in [
            "tripline_records_total{face=\"relay\",fate=\"processed\"} 2",
            "tripline_relay_requests_total{way=\"vector\",code=\"OK\"} 1",
            "tripline_relay_forwarded_events_total 2",
            "tripline_relay_detections_total 1",
            "tripline_relay_pending_records 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert_eq!(get("/nowhere").await.0, 404);
    }
}

/// Gives other rules when it is asked to.
struct Other(Vec<Result<&'static str, &'static str>>);

impl RuleSource for Other {
    fn edited(
        &mut self,
        _: chrono::NaiveDate,
        in_any_case: bool,
    ) -> Option<Result<(tripline_engine::RuleSet, String), String>> {
        if !in_any_case || self.0.is_empty() {
            return None;
        }
        let next = self.0.remove(0);
        Some(match next {
            Ok(text) => Ok((rules(text), "other rules".to_owned())),
            Err(said) => Err(said.to_owned()),
        })
    }
}

#[tokio::test]
async fn edited_rules_take_the_place_of_those_in_force_and_rules_in_error_do_not() {
    let receiver = Receiver::begin().await;
    let none = RULES.split("rule moved").next().unwrap();
    let source = Box::new(Other(vec![Err("in error"), Ok(none)]));
    let relay = start(settings(receiver.target()), rules(RULES), Some(source))
        .await
        .unwrap();
    let sender = Sender::to(relay.listen[0]);
    relay.reload();
    sender
        .send(&[signin(1, "a", 0, 1), signin(2, "a", 1, 2)])
        .await
        .unwrap();
    assert_eq!(receiver.detections().len(), 1);
    relay.reload();
    sender
        .send(&[signin(3, "b", 0, 1), signin(4, "b", 1, 2)])
        .await
        .unwrap();
    assert_eq!(receiver.detections().len(), 1);
    assert_eq!(receiver.records().len(), 4);
}

#[tokio::test]
async fn what_was_begun_is_finished_when_the_relay_ends() {
    let receiver = Receiver::begin().await;
    receiver.answer([super::neighbours::Answer::After(Duration::from_millis(300))]);
    let relay = running(settings(receiver.target())).await;
    let sender = Sender::to(relay.listen[0]);
    let records = [signin(1, "a", 0, 1)];
    let sending = tokio::spawn(async move { sender.send(&records).await });
    while receiver.requests() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(relay.end().await);
    sending.await.unwrap().unwrap();
    assert_eq!(receiver.records().len(), 1);
}

#[tokio::test]
async fn a_request_of_which_only_a_later_version_knows_something_is_passed_on() {
    let receiver = Receiver::begin().await;
    let relay = running(settings(receiver.target())).await;
    // A field 7 that is a text.
    let later = bytes::Bytes::from_static(b"\x3a\x01x");
    let sender = Sender::to(relay.listen[0]);
    sender.push(later.clone()).await.unwrap();
    sender.push(bytes::Bytes::new()).await.unwrap();
    let at = format!("http://{}/v1/logs", relay.listen[0]);
    let nothing = reqwest::Client::new().post(at).body("\n \n").send().await;
    assert_eq!(nothing.unwrap().status(), 200);
    assert_eq!(receiver.had(), [later]);
}
