//! What a run gives: detections in one of four formats, the records themselves (annotated or filtered),
//! the dead letter, and for the person at the terminal progress and a summary.

pub(crate) mod annotate;
pub(crate) mod dead_letter;
pub(crate) mod detections;
pub(crate) mod filter;
pub(crate) mod ledger;
mod pretty;
pub(crate) mod progress;
pub(crate) mod stdout;
pub(crate) mod summary;
mod table;
mod text;

use text::Paint;

/// Whether standard output gets colours, by `--color`, the terminal and the environment.
pub(crate) fn paint_stdout() -> Paint {
    let choice = anstream::AutoStream::choice(&std::io::stdout());
    Paint(!matches!(choice, anstream::ColorChoice::Never))
}
