//! What a relay keeps over its end, and over a kill: simulated by going on from a copy of its files as they
//! are at some instant.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use tonic::Code;

use super::neighbours::{Answer, Receiver, Sender, metric};
use super::{receiver as receiver_of, running, settings, signin};
use crate::settings::{RelayError, Settings, StateSettings};
use crate::{Target, start};

fn with_state(target: Target, folder: &Path) -> Settings {
    Settings {
        state: Some(StateSettings {
            path: folder.join("relay.state"),
            every: Duration::from_millis(100),
        }),
        ..settings(target)
    }
}

/// The files as a kill would leave them now; the lock is not among them.
fn copied(folder: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name();
        if !name.to_string_lossy().ends_with(".lock") {
            // A file may go away between the two.
            let _ = fs::copy(entry.path(), to.path().join(name));
        }
    }
    to
}

#[tokio::test]
async fn a_sign_in_before_the_end_and_a_token_after_it_are_joined() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::begin().await;
    for record in [signin(1, "a", 0, 1), signin(2, "a", 1, 2)] {
        let relay = running(with_state(receiver.target(), folder.path())).await;
        Sender::to(relay.listen[0]).send(&[record]).await.unwrap();
        assert!(relay.end().await);
    }
    assert_eq!(receiver.detections().len(), 1);
}

#[tokio::test]
async fn what_was_acknowledged_is_known_after_a_kill_at_any_instant() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::begin().await;
    let relay = running(with_state(receiver.target(), folder.path())).await;
    let sender = Sender::to(relay.listen[0]);
    for round in 0..12u32 {
        let user = format!("u{round}");
        sender
            .send(&[signin(10 * round, &user, 60 * round % 600, 1)])
            .await
            .unwrap();
        // Before, during and after a snapshot.
        tokio::time::sleep(Duration::from_millis(u64::from(round) * 17 % 120)).await;
        let killed = copied(folder.path());
        let other = Receiver::begin().await;
        let next = running(with_state(other.target(), killed.path())).await;
        let token = signin(10 * round + 1, &user, 60 * round % 600 + 5, 2);
        Sender::to(next.listen[0]).send(&[token]).await.unwrap();
        assert_eq!(other.detections().len(), 1, "round {round}");
    }
}

#[tokio::test]
async fn what_comes_again_after_the_journal_could_not_be_written_is_acknowledged_when_it_is_on_disk()
 {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::begin().await;
    let mut settings = with_state(receiver.target(), folder.path());
    let every = Duration::from_secs(2);
    settings.state.as_mut().unwrap().every = every;
    let relay = running(settings).await;
    // The first two were begun at the start.
    let in_the_way = folder.path().join("relay.state.journal-3");
    fs::create_dir(&in_the_way).unwrap();
    let sender = Sender::to(relay.listen[0]);
    sender.send(&[signin(1, "b", 0, 1)]).await.unwrap();
    tokio::time::sleep(every + Duration::from_millis(500)).await;
    let batch = [signin(2, "a", 0, 1)];
    for _ in 0..3 {
        let refused = sender.send(&batch).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
    }
    fs::remove_dir(&in_the_way).unwrap();
    assert!(sender.send(&batch).await.is_err(), "this has it written");
    sender.send(&batch).await.unwrap();
    let killed = copied(folder.path());
    let next = running(with_state(receiver.target(), killed.path())).await;
    let token = [signin(3, "a", 1, 2)];
    Sender::to(next.listen[0]).send(&token).await.unwrap();
    assert_eq!(receiver.detections().len(), 1);
}

#[tokio::test]
async fn detections_that_were_not_delivered_are_given_after_a_kill_when_their_batch_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::begin().await;
    receiver.answer([Answer::Status(Code::Unavailable, "")]);
    let relay = running(with_state(receiver.target(), folder.path())).await;
    let batch = [signin(1, "a", 0, 1), signin(2, "a", 1, 2)];
    Sender::to(relay.listen[0]).send(&batch).await.unwrap_err();
    for pause in [0, 300] {
        // At first it is in the journal, then in the snapshot.
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let killed = copied(folder.path());
        let other = Receiver::begin().await;
        let next = running(with_state(other.target(), killed.path())).await;
        Sender::to(next.listen[0]).send(&batch).await.unwrap();
        assert_eq!(other.detections().len(), 1, "after {pause} ms");
    }
}

#[tokio::test]
async fn detections_that_were_delivered_when_their_batch_came_again_are_not_held_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::begin().await;
    receiver.answer([Answer::Status(Code::Unavailable, "")]);
    let relay = running(with_state(receiver.target(), folder.path())).await;
    let sender = Sender::to(relay.listen[0]);
    let batch = [signin(1, "a", 0, 1), signin(2, "a", 1, 2)];
    sender.send(&batch).await.unwrap_err();
    assert_eq!(metric(&relay, "tripline_relay_pending_records").await, 1);
    sender.send(&batch).await.unwrap();
    assert_eq!(receiver.detections().len(), 1);
    let killed = copied(folder.path());
    let next = running(with_state(receiver.target(), killed.path())).await;
    Sender::to(next.listen[0])
        .send(&[signin(3, "b", 2, 1)])
        .await
        .unwrap();
    assert_eq!(metric(&next, "tripline_relay_pending_records").await, 0);
}

#[tokio::test]
async fn a_journal_that_is_damaged_is_gone_through_as_far_as_it_is_whole_and_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::begin().await;
    let relay = running(Settings {
        state: Some(StateSettings {
            path: folder.path().join("relay.state"),
            every: Duration::from_secs(3600),
        }),
        ..settings(receiver.target())
    })
    .await;
    let sender = Sender::to(relay.listen[0]);
    sender.send(&[signin(1, "a", 0, 1)]).await.unwrap();
    sender.send(&[signin(2, "b", 0, 1)]).await.unwrap();
    let killed = copied(folder.path());
    let journal = killed.path().join("relay.state.journal-2");
    let mut bytes = fs::read(&journal).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&journal, &bytes).unwrap();
    let next = running(with_state(receiver.target(), killed.path())).await;
    let tokens = [signin(3, "a", 1, 2), signin(4, "b", 1, 2)];
    Sender::to(next.listen[0]).send(&tokens).await.unwrap();
    assert_eq!(receiver.detections().len(), 1, "of what is whole");
    let aside = fs::read_dir(killed.path()).unwrap().flatten();
    let aside = aside
        .filter(|entry| fs::read(entry.path()).ok().as_ref() == Some(&bytes))
        .count();
    assert_eq!(aside, 1, "it is still there");
}

#[tokio::test]
async fn the_same_detections_come_of_a_stream_however_often_the_relay_is_killed() {
    let stream: Vec<[String; 2]> = (0..40)
        .map(|id| {
            let user = format!("u{}", id % 7);
            [
                signin(2 * id, &user, id * 3, id % 5),
                signin(2 * id + 1, &user, id * 3 + 1, id % 3),
            ]
        })
        .collect();
    let whole = Receiver::begin().await;
    let relay = running(settings(whole.target())).await;
    for batch in &stream {
        Sender::to(relay.listen[0]).send(batch).await.unwrap();
    }
    let expected: BTreeSet<String> = whole.detections().into_iter().collect();
    assert!(expected.len() > 10);
    let receiver = Receiver::begin().await;
    let mut folder = tempfile::tempdir().unwrap();
    let mut relay = running(with_state(receiver.target(), folder.path())).await;
    for (at, batch) in stream.iter().enumerate() {
        if at % 3 == 1 {
            receiver.answer([Answer::Status(Code::Unavailable, "")]);
        }
        let sent = Sender::to(relay.listen[0]).send(batch).await;
        // Killed behind every other batch, whether it was acknowledged or not.
        if at % 2 == 0 {
            let killed = copied(folder.path());
            relay = running(with_state(receiver.target(), killed.path())).await;
            folder = killed;
        }
        if sent.is_err() {
            Sender::to(relay.listen[0]).send(batch).await.unwrap();
        }
    }
    let given: BTreeSet<String> = receiver.detections().into_iter().collect();
    assert_eq!(given, expected);
    assert_eq!(receiver.records().len(), 80, "each record once");
}

#[tokio::test]
async fn a_damaged_state_is_set_aside_and_records_pass() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("relay.state");
    fs::write(&state, "no state").unwrap();
    fs::write(
        folder.path().join("relay.state.journal-7"),
        "no journal at all",
    )
    .unwrap();
    let receiver = Receiver::begin().await;
    let relay = running(with_state(receiver.target(), folder.path())).await;
    Sender::to(relay.listen[0])
        .send(&[signin(1, "a", 0, 1)])
        .await
        .unwrap();
    assert!(folder.path().join("relay.state.set-aside").exists());
    assert!(
        folder
            .path()
            .join("relay.state.journal-7.set-aside")
            .exists()
    );
    assert!(relay.end().await);
}

#[tokio::test]
async fn a_state_has_one_relay_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::begin().await;
    let _relay = running(with_state(receiver.target(), folder.path())).await;
    let second = start(
        with_state(receiver.target(), folder.path()),
        super::rules(super::RULES),
        None,
    );
    let Err(RelayError::State(refused)) = second.await else {
        panic!("a second relay has the same state");
    };
    assert!(
        refused
            .to_string()
            .contains("another relay keeps its state in"),
        "{refused}"
    );
}

#[tokio::test]
async fn journals_that_are_in_the_snapshot_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::begin().await;
    let relay = running(with_state(receiver.target(), folder.path())).await;
    let sender = Sender::to(relay.listen[0]);
    for id in 0..10 {
        sender.send(&[signin(id, "a", id, 1)]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let journals = fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains(".journal-"));
    assert!(journals.count() <= 2);
    drop(relay);
}

#[tokio::test]
async fn detections_of_their_own_way_are_delivered_though_their_batch_does_not_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let (records, found) = (Receiver::begin().await, Receiver::begin().await);
    found.answer([Answer::Http(503)]);
    let mut settings = with_state(records.target(), folder.path());
    settings.detections = Some(receiver_of(found.http_target()));
    let relay = running(settings).await;
    let batch = [signin(1, "a", 0, 1), signin(2, "a", 1, 2)];
    Sender::to(relay.listen[0]).send(&batch).await.unwrap_err();
    assert_eq!(found.records().len(), 0);
    relay.judge_looks_as_if_later(3600);
    for _ in 0..200 {
        if found.records().len() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the detection was not delivered");
}
