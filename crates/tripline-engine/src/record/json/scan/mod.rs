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

#[cfg(not(target_arch = "x86_64"))]
pub(super) use eight::{container_close, name_end, text_close};
#[cfg(target_arch = "x86_64")]
pub(super) use sse2::{container_close, name_end, text_close};

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
