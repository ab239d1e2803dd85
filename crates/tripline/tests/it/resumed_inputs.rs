//! What a run that goes on makes of its inputs: files that grew, were replaced, cut short or renamed,
//! streams that come again.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::kept::{Kept, attacks, name, row, settled, stream};

#[test]
fn a_file_that_grew_is_read_on_and_what_the_end_gave_is_given_once() {
    let kept = Kept::new();
    let path = kept.write("day.ndjson", &attacks(0..10));
    assert_eq!(kept.run(&[name(&path)]).0, Some(0));
    assert_eq!(kept.found().len(), 10);
    // The last attack goes on in what is added.
    let (first, rest) = attacks(10..20).split_once('\n').map_or_else(
        || panic!("two lines"),
        |(first, rest)| (format!("{first}\n"), rest.to_owned()),
    );
    kept.append("day.ndjson", &first);
    assert_eq!(kept.run(&[name(&path)]).0, Some(0));
    assert_eq!(kept.found().len(), 10);
    kept.append("day.ndjson", &rest);
    let (status, said) = kept.run(&[name(&path)]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("goes on from"), "{said}");
    assert_eq!(kept.found().len(), 20, "each once");
    assert_eq!(row(&said, "records"), "40", "all runs are counted");
}

#[test]
fn new_files_of_a_folder_are_read_and_finished_ones_are_not() {
    let kept = Kept::new();
    fs::create_dir(kept.path("logs")).expect("a folder");
    kept.write("logs/1.ndjson", &attacks(0..5));
    let logs = kept.path("logs");
    kept.run(&[name(&logs)]);
    kept.write("logs/2.ndjson", &attacks(5..9));
    let (_, said) = kept.run(&[name(&logs)]);
    assert_eq!(kept.found().len(), 9, "{said}");
    assert_eq!(row(&said, "duplicate"), "0", "{said}");
    fs::remove_file(kept.path("logs/1.ndjson")).expect("it was there");
    let (status, said) = kept.run(&[name(&logs)]);
    assert_eq!((status, kept.found().len()), (Some(0), 9), "{said}");
}

#[test]
fn a_file_that_was_replaced_or_cut_short_is_told_and_read_from_its_beginning() {
    let kept = Kept::new();
    let path = kept.write("day.ndjson", &attacks(0..10));
    kept.run(&[name(&path)]);
    // Written anew in its place, as by a rotation that cuts it short.
    kept.write("day.ndjson", &attacks(10..13));
    let (status, said) = kept.run(&[name(&path)]);
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("day.ndjson: has been cut short or written anew since it was read, so it is read from its beginning"),
        "{said}"
    );
    assert_eq!(kept.found().len(), 13);
    // Another file of that name.
    let other = kept.write("other", &attacks(13..18));
    fs::rename(other, &path).expect("renamed");
    let (_, said) = kept.run(&[name(&path)]);
    assert!(
        said.contains("day.ndjson: is another file than the one that was read"),
        "{said}"
    );
    assert_eq!(kept.found().len(), 18);
    // Nothing happened since, and nothing is said.
    let (_, said) = kept.run(&[name(&path)]);
    assert!(!said.contains("day.ndjson:"), "{said}");
    assert_eq!(kept.found().len(), 18);
}

#[cfg(unix)]
#[test]
fn a_file_that_was_renamed_goes_on_under_its_new_name() {
    let kept = Kept::new();
    let path = kept.write("day.ndjson", &attacks(0..10));
    kept.run(&[name(&path)]);
    let old = kept.path("day.1.ndjson");
    fs::rename(&path, &old).expect("renamed");
    kept.append("day.1.ndjson", &attacks(10..11));
    kept.write("day.ndjson", &attacks(11..14));
    let (_, said) = kept.run(&[name(&path), name(&old)]);
    assert_eq!(kept.found().len(), 14, "{said}");
    assert_eq!(row(&said, "duplicate"), "0", "{said}");
}

#[test]
fn a_compressed_file_and_a_document_are_gone_on_with_in_their_middle() {
    let kept = Kept::new();
    let records: Vec<String> = attacks(0..60).lines().map(str::to_owned).collect();
    // Long enough that there is a middle.
    let pad = "x".repeat(200_000);
    let padded: Vec<String> = records
        .iter()
        .map(|record| record.replacen('{', &format!("{{\"pad\":\"{pad}\","), 1))
        .collect();
    let document = format!("{{\"records\": [\n{}\n]}}\n", padded.join(",\n"));
    let compressed = zstd::encode_all(document.as_bytes(), 1).expect("compressed");
    fs::write(kept.path("day.json"), &document).expect("written");
    fs::write(kept.path("day.json.zst"), compressed).expect("written");
    for file in ["day.json", "day.json.zst"] {
        let path = kept.path(file);
        let whole = std::time::Instant::now();
        assert_eq!(kept.run(&[name(&path)]).0, Some(0));
        let took = whole.elapsed();
        for name in ["state", "out"] {
            fs::remove_file(kept.path(name)).expect("it was there");
        }
        let mut gone_on = 0;
        for _ in 0..100 {
            let mut command = kept.command(&[name(&path), "-o", name(&kept.path("out"))]);
            let mut run = command.stderr(Stdio::piped()).spawn().expect("it starts");
            std::thread::sleep(took / 2 + Duration::from_millis(gone_on));
            let ended = run.try_wait().expect("a child").is_some();
            let _ = run.kill();
            let output = run.wait_with_output().expect("it ends");
            gone_on += u64::from(String::from_utf8_lossy(&output.stderr).contains("goes on"));
            if ended {
                break;
            }
        }
        assert_eq!(kept.run(&[name(&path)]).0, Some(0));
        assert_eq!(kept.found().len(), 60, "{file}");
        assert!(gone_on > 0, "{file}");
        for name in ["state", "out"] {
            fs::remove_file(kept.path(name)).expect("it was there");
        }
    }
}

#[test]
fn a_stream_that_pauses_is_kept_and_what_comes_after_a_kill_is_joined_with_it() {
    let kept = Kept::new();
    let text = attacks(0..20);
    let half = text.lines().take(21).map(str::len).sum::<usize>() + 21;
    let mut run = stream(&kept, &text[..half]);
    settled(&kept.path("state"));
    assert_eq!(kept.found().len(), 10);
    run.kill().expect("it runs");
    run.wait().expect("it ends");
    // What the sender does not send again is known from the state.
    let run = stream(&kept, &text[half..]);
    let output = run.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("<stdin>: a stream cannot be read again from where it was left")
            && said.contains(&format!("({half} bytes were taken in before)")),
        "{said}"
    );
    let mut found = kept.found();
    assert_eq!(found.len(), 20, "{said}");
    // What it sends again is recognised.
    let run = stream(&kept, &text[half..]);
    assert!(run.wait_with_output().expect("it ends").status.success());
    found.sort();
    let mut again = kept.found();
    again.sort();
    again.dedup();
    assert_eq!(again, found);
}
