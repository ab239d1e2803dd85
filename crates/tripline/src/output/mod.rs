//! What a run gives: detections in one of four formats, the records themselves (annotated or filtered),
//! the dead letter, and for the person at the terminal progress and a summary.

pub(crate) mod advice;
pub(crate) mod annotate;
pub(crate) mod dead_letter;
pub(crate) mod detections;
pub(crate) mod files;
pub(crate) mod filter;
mod layout;
pub(crate) mod ledger;
mod pretty;
pub(crate) mod progress;
pub(crate) mod stdout;
pub(crate) mod summary;
mod table;
pub(crate) mod testing;
pub(crate) mod text;

pub(crate) use layout::terminal_width;
use text::Paint;

/// Whether a stream gets colours, by `--color`, the terminal and the environment.
pub(crate) fn coloured(stream: &impl anstream::stream::RawStream) -> bool {
    !matches!(
        anstream::AutoStream::choice(stream),
        anstream::ColorChoice::Never
    )
}

/// The colours of standard output.
pub(crate) fn paint_stdout() -> Paint {
    Paint(coloured(&std::io::stdout()))
}
