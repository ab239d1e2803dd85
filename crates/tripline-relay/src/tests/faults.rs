//! What a relay does when its receiver fails, falls silent or refuses, and when it fails itself.

use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tonic::Code;

use super::neighbours::{Answer, EXPORT, Receiver, Sender, metric, otlp_request, request};
use super::{receiver as receiver_of, running, settings, signin};

#[tokio::test]
async fn every_status_of_the_receiver_is_the_answer_and_nothing_is_lost_when_the_batch_comes_again()
{
    for code in (1..=16).map(Code::from_i32) {
        let receiver = Receiver::begin().await;
        receiver.answer([
            Answer::Status(code, "as the receiver says"),
            Answer::Status(code, "and again"),
        ]);
        let relay = running(settings(receiver.target())).await;
        let sender = Sender::to(relay.listen[0]);
        let records = [signin(1, "a", 0, 1), signin(2, "a", 1, 2)];
        for said in ["as the receiver says", "and again"] {
            let status = sender.send(&records).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (code, said));
        }
        sender.send(&records).await.unwrap();
        assert_eq!(receiver.detections().len(), 1, "{code:?}");
        assert_eq!(metric(&relay, "tripline_relay_pending_records").await, 0);
        // Delivered, it is not given once more.
        sender.send(&records).await.unwrap();
        assert_eq!(receiver.detections().len(), 1);
    }
}

#[tokio::test]
async fn records_that_come_again_in_other_batches_bring_their_detections() {
    let receiver = Receiver::begin().await;
    receiver.answer([Answer::Status(Code::Unavailable, "")]);
    let relay = running(settings(receiver.target())).await;
    let sender = Sender::to(relay.listen[0]);
    let records = [
        signin(1, "a", 0, 1),
        signin(2, "a", 1, 2),
        signin(3, "b", 2, 1),
    ];
    sender.send(&records).await.unwrap_err();
    sender.send(&records[2..]).await.unwrap();
    assert_eq!(receiver.detections().len(), 0);
    sender.send(&records[1..2]).await.unwrap();
    assert_eq!(receiver.detections().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_waited_for_by_the_sender() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let relay = running(settings(format!("vector://{address}").parse().unwrap())).await;
    let sender = Sender::to(relay.listen[0]);
    let records = [signin(1, "a", 0, 1), signin(2, "a", 1, 2)];
    let status = sender.send(&records).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let ready = reqwest::get(format!("http://{}/readyz", relay.listen[0]))
        .await
        .unwrap();
    assert_eq!(ready.status(), 503);
    let receiver = Receiver::at(TcpListener::bind(address).await.unwrap()).await;
    sender.send(&records).await.unwrap();
    assert_eq!(receiver.detections().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_given_up_in_a_way_that_is_tried_again() {
    let receiver = Receiver::begin().await;
    receiver.answer([Answer::Never]);
    let mut settings = settings(receiver.target());
    settings.forward.timeout = Duration::from_millis(200);
    let relay = running(settings).await;
    let sender = Sender::to(relay.listen[0]);
    let records = [signin(1, "a", 0, 1), signin(2, "a", 1, 2)];
    let status = sender.send(&records).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().contains("did not answer within 0.2 s"),
        "{status}"
    );
    sender.send(&records).await.unwrap();
    assert_eq!(receiver.detections().len(), 1);
}

#[tokio::test]
async fn a_sender_that_gives_up_while_the_receiver_thinks_loses_nothing() {
    let receiver = Receiver::begin().await;
    receiver.answer([Answer::Never]);
    let relay = running(settings(receiver.target())).await;
    let sender = Sender::to(relay.listen[0]);
    let records = [signin(1, "a", 0, 1), signin(2, "a", 1, 2)];
    let gave_up = tokio::time::timeout(Duration::from_millis(300), sender.send(&records)).await;
    assert!(gave_up.is_err());
    sender.send(&records).await.unwrap();
    assert_eq!(receiver.detections().len(), 1);
    assert_eq!(metric(&relay, "tripline_relay_requests_under_way").await, 0);
}

#[tokio::test]
async fn detections_of_a_batch_that_nobody_waits_for_are_delivered_on_their_own() {
    let (records, found) = (Receiver::begin().await, Receiver::begin().await);
    let mut settings = settings(records.target());
    settings.detections = Some(receiver_of(found.http_target()));
    let relay = running(settings).await;
    let batch = request(&[signin(1, "a", 0, 1), signin(2, "a", 1, 2)]);
    // Given up before the judge can answer.
    relay.judge_without_waiting(crate::records::made::vector(batch).unwrap());
    relay.judge_looks_as_if_later(3600);
    for _ in 0..200 {
        if found.records().len() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the detection is held for ever");
}

#[tokio::test]
async fn detections_are_not_sent_twice_where_only_the_records_failed() {
    let (records, found) = (Receiver::begin().await, Receiver::begin().await);
    records.answer([Answer::Status(Code::Unavailable, "")]);
    found.answer([Answer::Http(503)]);
    let mut settings = settings(records.target());
    settings.detections = Some(receiver_of(found.http_target()));
    let relay = running(settings).await;
    let sender = Sender::to(relay.listen[0]);
    let batch = [signin(1, "a", 0, 1), signin(2, "a", 1, 2)];
    // The detection fails, then the records, then nothing.
    sender.send(&batch).await.unwrap_err();
    assert_eq!(records.requests(), 0, "detections go first");
    sender.send(&batch).await.unwrap_err();
    sender.send(&batch).await.unwrap();
    assert_eq!(found.records().len(), 1);
    assert_eq!(records.records().len(), 2);
}

#[tokio::test]
async fn statuses_of_http_say_whether_to_try_again() {
    let receiver = Receiver::begin().await;
    let relay = running(settings(receiver.http_target())).await;
    let client = reqwest::Client::new();
    let at = format!("http://{}/v1/logs", relay.listen[0]);
    for (theirs, ours, code) in [
        (400, 400, Code::InvalidArgument),
        (415, 400, Code::InvalidArgument),
        (422, 400, Code::InvalidArgument),
        // These can be set right, so nothing is to be lost.
        (302, 503, Code::Unavailable),
        (401, 503, Code::Unavailable),
        (403, 503, Code::Unavailable),
        (404, 503, Code::Unavailable),
        (413, 503, Code::Unavailable),
        (501, 503, Code::Unavailable),
        (408, 503, Code::Unavailable),
        (429, 503, Code::Unavailable),
        (500, 503, Code::Unavailable),
        (503, 503, Code::Unavailable),
    ] {
        receiver.answer([Answer::Http(theirs), Answer::Http(theirs)]);
        let answer = client
            .post(&at)
            .body(signin(1, "a", 0, 1))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), ours, "{theirs}");
        let said = answer.text().await.unwrap();
        assert!(said.contains(&theirs.to_string()), "{said}");
        let status = Sender::to(relay.listen[0])
            .send(&[signin(1, "a", 0, 1)])
            .await;
        assert_eq!(status.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn a_relay_whose_judge_is_gone_says_so_and_acknowledges_nothing() {
    let receiver = Receiver::begin().await;
    let relay = running(settings(receiver.target())).await;
    let wait = Duration::from_millis(100);
    assert!(tokio::time::timeout(wait, relay.broken()).await.is_err());
    relay.break_judge();
    relay.broken().await;
    let batch = [signin(1, "a", 0, 1)];
    let refused = Sender::to(relay.listen[0]).send(&batch).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(receiver.requests(), 0);
}

#[tokio::test]
async fn what_a_receiver_rejects_of_a_request_is_told_to_the_sender() {
    use opentelemetry_proto::tonic::collector::logs::v1::{
        ExportLogsPartialSuccess, ExportLogsServiceResponse,
    };
    use prost::Message as _;
    let said = ExportLogsServiceResponse {
        partial_success: Some(ExportLogsPartialSuccess {
            rejected_log_records: 2,
            error_message: "too old".to_owned(),
        }),
    };
    let said = Bytes::from(said.encode_to_vec());
    let receiver = Receiver::begin().await;
    for target in [
        format!("otlp://{}", receiver.address),
        format!("otlp+http://{}/otlp", receiver.address),
    ] {
        let relay = running(settings(target.parse().unwrap())).await;
        let sender = Sender::to(relay.listen[0]);
        receiver.answer(vec![Answer::Success(said.clone()); 4]);
        let records = [signin(1, "a", 0, 1)];
        let answer = sender.call(EXPORT, otlp_request(&records)).await.unwrap();
        assert_eq!(answer, said, "{target}");
        // Who knows no such answer is told that something is lost.
        let status = sender.send(&records).await.unwrap_err();
        assert_eq!(status.code(), Code::DataLoss);
        assert!(status.message().ends_with("too old"), "{status}");
        let client = reqwest::Client::new();
        let at = format!("http://{}/v1/logs", relay.listen[0]);
        let answer = client.post(&at).body(records[0].clone()).send().await;
        assert_eq!(answer.unwrap().status(), 422);
        let json = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}"#;
        let answer = client.post(&at).body(json).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let text = answer.text().await.unwrap();
        assert!(text.contains(r#""rejectedLogRecords":"2""#), "{text}");
        assert_eq!(
            metric(&relay, "tripline_relay_forwarding_failures_total").await,
            4
        );
    }
}

#[tokio::test]
async fn a_detection_that_its_receiver_refuses_for_good_is_in_no_other_ones_way() {
    let (records, found) = (Receiver::begin().await, Receiver::begin().await);
    // Both, then the first alone.
    found.answer([Answer::Http(400), Answer::Http(400)]);
    let mut settings = settings(records.target());
    settings.detections = Some(receiver_of(found.http_target()));
    let relay = running(settings).await;
    let batch = [
        signin(1, "a", 0, 1),
        signin(2, "a", 1, 2),
        signin(3, "a", 2, 3),
    ];
    Sender::to(relay.listen[0]).send(&batch).await.unwrap();
    assert_eq!(records.records().len(), 3);
    assert_eq!(found.records().len(), 1);
    let lost = metric(&relay, "tripline_relay_unclaimed_detections_total").await;
    assert_eq!(lost, 1);
}
