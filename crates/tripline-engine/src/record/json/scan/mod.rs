//! Finding the end of texts and containers without reading what is in them: where most of a
//! record's bytes go by. One version for x86-64 (SSE2, which every such processor has), one that
//! takes eight bytes at a time in ordinary integers for everything else, above all for the
//! WebAssembly interpreters in log shippers.
//!
//! Every version gives what `bytewise` gives, on any bytes; the tests below hold them to it.

mod bytewise;
#[cfg_attr(
    all(target_arch = "x86_64", not(test)),
    expect(dead_code, reason = "other targets use it")
)]
mod eight;
#[cfg(target_arch = "x86_64")]
mod sse2;

pub(in crate::record) use eight::{common, is_ascii};
#[cfg(not(target_arch = "x86_64"))]
pub(super) use eight::{container_close, name_end, text_close};
pub(super) use eight::{digits_end, name_end_ascii};
#[cfg(target_arch = "x86_64")]
pub(super) use sse2::{container_close, name_end, text_close};

/// The three bytes at `at` as a number, to be compared with the constants of [`joint`](mod@joint)
/// in one step; zero where there are not four bytes, as there are wherever those three can stand
/// in a record.
#[inline(always)]
pub(super) fn joint(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..).and_then(<[u8]>::first_chunk);
    four.map_or(0, |four| u32::from_le_bytes(*four) & 0xff_ffff)
}

/// What stands between two texts where no white space does, quotes included.
pub(super) mod joint {
    /// A name and its text.
    pub(in super::super) const NAME_TEXT: u32 = u32::from_le_bytes(*b"\":\"\0");
    /// A text and the next name, or the next text of an array.
    pub(in super::super) const TEXT_NAME: u32 = u32::from_le_bytes(*b"\",\"\0");
}

/// Why a container has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unclosed {
    /// The bytes end inside a text that began here.
    Text(usize),
    /// The bytes end between two texts.
    Container,
    /// This bracket opens one level more than allowed.
    TooDeep(usize),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Unclosed, bytewise, eight};

    type NameEnd = fn(&[u8], usize) -> usize;
    type TextClose = fn(&[u8], usize) -> usize;
    type ContainerClose = fn(&[u8], usize, usize) -> Result<usize, Unclosed>;

    fn versions() -> Vec<(&'static str, NameEnd, TextClose, ContainerClose)> {
        vec![
            (
                "eight",
                eight::name_end,
                eight::text_close,
                eight::container_close,
            ),
            #[cfg(target_arch = "x86_64")]
            (
                "sse2",
                super::sse2::name_end,
                super::sse2::text_close,
                super::sse2::container_close,
            ),
        ]
    }

    /// Compares every version with the bytewise one, from every one of the first places.
    fn all_agree(bytes: &[u8], places: usize, room: usize) {
        for (version, name_end, text_close, container_close) in versions() {
            for at in 0..=places.min(bytes.len()) {
                let told = || {
                    format!(
                        "{version} from {at} of {:?}",
                        String::from_utf8_lossy(bytes)
                    )
                };
                assert_eq!(
                    name_end(bytes, at),
                    bytewise::name_end(bytes, at),
                    "{}",
                    told()
                );
                assert_eq!(
                    text_close(bytes, at),
                    bytewise::text_close(bytes, at),
                    "{}",
                    told()
                );
                let (ours, theirs) = (
                    container_close(bytes, at, room),
                    bytewise::container_close(bytes, at, room),
                );
                assert_eq!(ours, theirs, "{}", told());
            }
        }
    }

    #[test]
    fn runs_of_backslashes_of_every_length_across_every_border() {
        for before in 0..70 {
            for run in 0..70 {
                let text = format!("\"{}{}\"}}\"}}", "x".repeat(before), "\\".repeat(run));
                all_agree(text.as_bytes(), 2, 9);
            }
        }
    }

    #[test]
    fn a_quote_or_bracket_at_every_place_of_texts_of_every_length() {
        for length in 0..150 {
            for byte in *b"\"\\}]{[" {
                let mut bytes = vec![0xfe; length];
                bytes.push(byte);
                all_agree(&bytes, 1, 9);
                bytes.extend_from_slice(b"\"}]\"}");
                all_agree(&bytes, 1, 9);
            }
        }
    }

    #[test]
    fn bytes_that_differ_from_a_quote_or_bracket_in_one_bit_are_not_taken_for_it() {
        for byte in 0..=u8::MAX {
            let bytes = [&[byte; 70][..], b"\"}"].concat();
            all_agree(&bytes, 66, 9);
        }
    }

    #[test]
    fn the_depth_limit_is_met_exactly_where_a_block_ends() {
        for depth in 1..140 {
            for room in [depth - 1, depth, depth + 1] {
                let bytes = ["[".repeat(depth - 1), "]".repeat(depth)].concat();
                all_agree(bytes.as_bytes(), 0, room.max(1));
            }
        }
    }

    #[test]
    fn bytes_in_common_are_counted_up_to_the_first_difference() {
        let bytes: Vec<u8> = (0..100).collect();
        for length in 0..bytes.len() {
            let known = &bytes[..length];
            assert_eq!(eight::common(known, &bytes), length);
            assert_eq!(eight::common(&bytes, known), length);
            for place in 0..length {
                let mut other = bytes.clone();
                other[place] ^= 0x80;
                assert_eq!(eight::common(known, &other), place);
                other[place..].fill(0xff);
                assert_eq!(eight::common(known, &other), place);
            }
        }
    }

    #[test]
    fn digits_end_where_another_byte_stands() {
        for length in 0..30 {
            for byte in 0..=u8::MAX {
                let mut bytes = b"0918273645".repeat(3);
                bytes.truncate(length);
                bytes.push(byte);
                bytes.resize(40, b'7');
                let end = if byte.is_ascii_digit() { 40 } else { length };
                for at in [0, 1, 7].into_iter().filter(|at| *at <= length) {
                    let found = eight::digits_end(&bytes, at);
                    assert_eq!(found, end, "from {at}, {byte} at {length}");
                    let cut = bytes.get(..=length).unwrap_or(&bytes);
                    let found = eight::digits_end(cut, at);
                    assert_eq!(
                        found,
                        end.min(cut.len()),
                        "from {at}, {byte} last at {length}"
                    );
                }
            }
        }
    }

    #[test]
    fn bytes_of_every_length_are_ascii_unless_one_of_them_is_not() {
        for length in 0..100 {
            let mut bytes = vec![b'x'; length];
            assert!(eight::is_ascii(&bytes), "{length} bytes");
            for place in 0..length {
                bytes[place] = 0xe9;
                assert!(!eight::is_ascii(&bytes), "at {place} of {length}");
                bytes[place] = 0x7f;
            }
        }
    }

    #[test]
    fn a_byte_that_is_not_ascii_is_seen_wherever_it_stands_before_the_quote() {
        for length in 0..100 {
            let mut bytes = vec![b'x'; length];
            bytes.push(b'"');
            for behind in [0, 50] {
                bytes.resize(length + 1 + behind, b'y');
                for at in 0..=length {
                    assert_eq!(eight::name_end_ascii(&bytes, at), (length, true));
                }
                for place in 0..length {
                    let mut other = bytes.clone();
                    other[place] = 0xe9;
                    assert_eq!(eight::name_end_ascii(&other, 0), (length, false));
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_version_gives_what_the_bytewise_one_gives(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                prop::collection::vec(prop::sample::select(&b"\"\\{}[]"[..]), 0..300),
                prop::collection::vec(prop::sample::select(&b"\"\"\\\\\\{}[]:,xxxxxxxx\xff\x5b\x7f"[..]), 0..300),
            ],
            room in 1..8usize,
        ) {
            all_agree(&bytes, 70, room);
        }
    }
}
