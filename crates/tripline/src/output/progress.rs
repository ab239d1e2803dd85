//! The progress bar: on standard error, only where that is a terminal.

use std::io::{IsTerminal, Write as _, stderr};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};

use crate::input::Input;

/// A progress bar, or none.
#[derive(Clone)]
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Without a bar.
    pub(crate) fn none() -> Progress {
        Progress(None)
    }

    /// A bar for reading these inputs, if standard error is a terminal. Without an end where one of them
    /// has none that is known.
    pub(crate) fn new(inputs: &[Input]) -> Progress {
        if !stderr().is_terminal() {
            return Progress(None);
        }
        let total: Option<u64> = inputs
            .iter()
            .map(|input| match input {
                Input::Standard => None,
                Input::File(path) => match path.metadata() {
                    Ok(about) if about.is_file() => Some(about.len()),
                    Ok(_) => None,
                    Err(_) => Some(0),
                },
                Input::Unreadable(..) => Some(0),
            })
            .sum();
        let (bar, template) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{bar:30} {percent:>3}%  {decimal_bytes} of {decimal_total_bytes}  {msg}  {eta} left",
            ),
            None => (
                ProgressBar::new_spinner(),
                "{spinner} {decimal_bytes} in {elapsed}  {msg}",
            ),
        };
        // The template is a constant; should it ever not parse, the default bar does.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key(
                "eta",
                |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                    let _ = write!(out, "{}", indicatif::HumanDuration(state.eta()));
                },
            ));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress(Some(bar))
    }

    /// So many more bytes have been read; so many records and detections there are.
    pub(crate) fn advance(&self, bytes: u64, records: u64, detections: u64) {
        let Some(bar) = &self.0 else { return };
        bar.inc(bytes);
        let seconds = bar.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 {
            records as f64 / seconds
        } else {
            0.0
        };
        bar.set_message(format!(
            "{} records/s  {} detections",
            HumanCount(rate as u64),
            HumanCount(detections)
        ));
    }

    /// Does something that writes to the terminal, with the bar out of its way.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Says something on standard error.
    pub(crate) fn say(&self, what: &str) {
        // A standard error that is gone does not make the run worse.
        self.aside(|| {
            let _ = writeln!(anstream::stderr(), "{}", what.trim_end());
        });
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
