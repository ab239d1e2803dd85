//! What a relay does when its neighbours fail, fall silent, or send what they should not.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;
use tonic::codec::CompressionEncoding;

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
async fn what_is_no_request_is_refused_and_the_next_one_is_taken() {
    let receiver = Receiver::begin().await;
    let relay = running(settings(receiver.target())).await;
    let sender = Sender::to(relay.listen[0]);
    for garbage in [
        &b"\x0a\xff\xff\xff\xff\x0f"[..],
        b"GET / HTTP/1.1\r\n",
        &[0xff; 100],
    ] {
        let status = sender.push(Bytes::from_static(garbage)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    }
    // Not gRPC, not HTTP, and HTTP that is none of ours.
    for bytes in [
        &b"\x00\x01\x02\x03"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ngarbage",
        b"GET /v1/logs HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(relay.listen[0]).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(3), stream.read_buf(&mut answer)).await;
        assert!(read.is_ok(), "{bytes:?} gets an answer or an end");
    }
    let client = reqwest::Client::new();
    let at = format!("http://{}/v1/logs", relay.listen[0]);
    let answer = client.post(&at).body("[{\"a\":").send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(receiver.requests(), 0);
    sender.send(&[signin(1, "a", 0, 1)]).await.unwrap();
    assert_eq!(receiver.records().len(), 1);
}

#[tokio::test]
async fn a_sender_that_never_finishes_is_not_waited_for_and_holds_nothing() {
    let receiver = Receiver::begin().await;
    let mut settings = settings(receiver.target());
    settings.limits.requests = 1;
    let relay = running(settings).await;
    let mut stream = TcpStream::connect(relay.listen[0]).await.unwrap();
    stream
        .write_all(b"POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{\"a\"")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    // The only turn is taken until the other has been silent for too long.
    Sender::to(relay.listen[0])
        .send(&[signin(1, "a", 0, 1)])
        .await
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(3));
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(metric(&relay, "tripline_relay_bytes_held").await, 0);
}

#[tokio::test]
async fn half_open_connections_end_and_others_go_on() {
    let receiver = Receiver::begin().await;
    let mut settings = settings(receiver.target());
    settings.limits.connections = 4;
    let relay = running(settings).await;
    // As many as there is room for.
    for beginning in [
        &b""[..],
        b"P",
        b"PRI * HTTP/2.0\r\n\r\nSM",
        b"POST /v1/logs HTTP/1.1\r\nhost:",
    ] {
        let mut silent = Vec::new();
        for _ in 0..4 {
            let mut stream = TcpStream::connect(relay.listen[0]).await.unwrap();
            stream.write_all(beginning).await.unwrap();
            silent.push(stream);
        }
        let batch = [signin(1, "a", 0, 1)];
        let sender = Sender::to(relay.listen[0]);
        let sent = tokio::time::timeout(Duration::from_secs(4), sender.send(&batch)).await;
        assert!(sent.is_ok_and(|sent| sent.is_ok()), "{beginning:?}");
    }
    assert_eq!(receiver.records().len(), 4);
}

#[tokio::test]
async fn requests_over_a_limit_are_refused_in_a_way_that_loses_nothing() {
    let receiver = Receiver::begin().await;
    let mut settings = settings(receiver.target());
    settings.limits.request = 60_000;
    settings.limits.memory = 300_000;
    let relay = running(settings).await;
    let mut sender = Sender::to(relay.listen[0]);
    let large = [format!("{{\"user\":\"{}\"}}", "x".repeat(200_000))];
    // Vector drops what is answered with OUT_OF_RANGE.
    let status = sender.send(&large).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    for compression in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        sender.compression = Some(compression);
        let status = sender.send(&large).await.unwrap_err();
        assert_eq!(
            status.code(),
            Code::Unavailable,
            "{compression:?}: {status}"
        );
    }
    sender.compression = None;
    let client = reqwest::Client::new();
    let at = format!("http://{}/v1/logs", relay.listen[0]);
    let answer = client
        .post(&at)
        .body(large[0].clone())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 413);
    let packed = zstd::bulk::compress(large[0].as_bytes(), 1).unwrap();
    let bomb = client
        .post(&at)
        .header("content-encoding", "zstd")
        .body(packed);
    assert_eq!(bomb.send().await.unwrap().status(), 413);
    // Six that are small enough, but not together.
    let late = || Answer::After(Duration::from_millis(500));
    receiver.answer((0..5).map(|_| late()));
    let middling = [format!("{{\"user\":\"{}\"}}", "x".repeat(55_000))];
    let sending: Vec<_> = (0..5)
        .map(|_| {
            let (first, other) = (sender.clone(), middling.clone());
            tokio::spawn(async move { first.send(&other).await })
        })
        .collect();
    while receiver.requests() < 5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let status = sender.send(&middling).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    for sending in sending {
        sending.await.unwrap().unwrap();
    }
    sender.send(&middling).await.unwrap();
    assert_eq!(metric(&relay, "tripline_relay_bytes_held").await, 0);
}

#[tokio::test]
async fn a_batch_of_thirty_megabytes_passes() {
    let receiver = Receiver::begin().await;
    let relay = running(settings(receiver.target())).await;
    let records: Vec<String> = (0..3000)
        .map(|id| format!("{{\"id\":\"{id}\",\"text\":\"{}\"}}", "x".repeat(10_000)))
        .collect();
    let batch = request(&records);
    assert!(batch.len() > 30_000_000);
    Sender::to(relay.listen[0])
        .push(batch.clone())
        .await
        .unwrap();
    assert_eq!(receiver.had(), [batch]);
}

#[tokio::test]
async fn a_sender_that_does_not_read_its_answers_is_in_nobodys_way() {
    let receiver = Receiver::begin().await;
    let relay = running(settings(receiver.target())).await;
    let mut stream = TcpStream::connect(relay.listen[0]).await.unwrap();
    let body = signin(1, "a", 0, 1);
    let one = format!(
        "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let writing = async {
        for _ in 0..20_000 {
            if stream.write_all(one.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_millis(300), writing).await;
    let began = Instant::now();
    Sender::to(relay.listen[0])
        .send(&[signin(2, "b", 0, 1)])
        .await
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(3));
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
async fn what_a_sender_that_is_gone_left_behind_is_held_until_it_is_done() {
    let receiver = Receiver::begin().await;
    receiver.answer([Answer::Never]);
    let relay = running(settings(receiver.target())).await;
    let sender = Sender::to(relay.listen[0]);
    let batch = [signin(1, "a", 0, 1)];
    let gave_up = tokio::time::timeout(Duration::from_millis(200), sender.send(&batch)).await;
    assert!(gave_up.is_err());
    for _ in 0..100 {
        if metric(&relay, "tripline_relay_bytes_held").await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("bytes are held for ever");
}

#[tokio::test]
async fn a_sender_that_drips_is_not_waited_for() {
    let receiver = Receiver::begin().await;
    let relay = running(settings(receiver.target())).await;
    let mut stream = TcpStream::connect(relay.listen[0]).await.unwrap();
    stream
        .write_all(b"POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n")
        .await
        .unwrap();
    let began = Instant::now();
    // Never silent for long.
    while stream.write_all(b"x").await.is_ok() && began.elapsed() < Duration::from_secs(5) {
        let mut answer = Vec::new();
        let read = stream.read_buf(&mut answer);
        if let Ok(Ok(_)) = tokio::time::timeout(Duration::from_millis(100), read).await {
            assert!(answer.starts_with(b"HTTP/1.1 408"), "{answer:?}");
            return;
        }
    }
    panic!("it is waited for");
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
