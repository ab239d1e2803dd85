//! Writes `examples/signins.ndjson` anew:
//! `cargo run -p tripline-samples --example signins > examples/signins.ndjson`.

use std::io::{self, BufWriter};

fn main() -> io::Result<()> {
    tripline_samples::example(&mut BufWriter::new(io::stdout().lock())).map(|_| ())
}
