//! What a relay does when its senders fall silent, go away, or send what they should not.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::codec::CompressionEncoding;

use super::neighbours::{Answer, Receiver, Sender, metric, request};
use super::{running, settings, signin};

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
    // Five that are small enough, but not together. A request is there twice while it is put together.
    let middling = [format!("{{\"user\":\"{}\"}}", "x".repeat(55_000))];
    let mut sending = Vec::new();
    for before in 0..4 {
        receiver.answer([Answer::After(Duration::from_secs(2))]);
        let (sender, batch) = (sender.clone(), middling.clone());
        sending.push(tokio::spawn(async move { sender.send(&batch).await }));
        let arrived = async {
            while receiver.requests() == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let arrived = tokio::time::timeout(Duration::from_secs(5), arrived).await;
        assert!(arrived.is_ok(), "request {before} did not arrive");
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
