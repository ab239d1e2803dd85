//! `tripline fmt`: brings rule files into their canonical form.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use tripline_engine::lang::diagnostic::render;
use tripline_engine::lang::format::format;
use tripline_engine::lang::source::SourceSet;

use crate::exit::{Failure, Status};
use crate::output;

/// Bring rule files into their canonical form
///
/// Rewrites every rule file under the paths that is not in that form, and keeps every comment. With
/// `-` formats standard input to standard output. A file that does not read is left as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline fmt rules/
  tripline fmt --check rules/
  tripline fmt - < draft.trip

Exit status: 0 if done, 1 if --check found files that would change, 2 if a file does not read.")]
pub(crate) struct Arguments {
    /// A rule file, a folder of rule files, or `-`
    #[arg(value_name = "PATH|-", required = true)]
    paths: Vec<PathBuf>,

    /// Change nothing; list the files that would change
    #[arg(long)]
    check: bool,
}

/// Formats.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let from_input = arguments.paths.iter().any(|path| path.as_os_str() == "-");
    if from_input && arguments.paths.len() > 1 {
        return Err(Failure::Usage(
            "`-` is formatted alone, without other paths".to_owned(),
        ));
    }
    let (sources, mut problems) = match from_input {
        true => (read_input()?, Vec::new()),
        false => SourceSet::read(&arguments.paths),
    };
    let mut changed = Vec::new();
    for (id, file) in sources.rule_files() {
        match format(id, &file.text) {
            Ok(text) if from_input && !arguments.check => print(&text)?,
            Ok(text) if text != file.text => changed.push((file, text)),
            Ok(_) => {}
            Err(found) => problems.extend(found),
        }
    }
    for (file, text) in &changed {
        if arguments.check {
            print(&format!(
                "{}\n",
                if from_input { "<stdin>" } else { &file.path }
            ))?;
        } else {
            fs::write(&file.path, text).map_err(|source| Failure::File {
                doing: "cannot write",
                path: file.path.clone(),
                source,
            })?;
        }
    }
    let shown = render::rich(&problems, &sources, output::coloured(&io::stderr()));
    let _ = io::stderr().write_all(shown.as_bytes());
    Ok(if !problems.is_empty() {
        Status::InError
    } else if arguments.check && !changed.is_empty() {
        Status::CouldNotRun
    } else {
        Status::Ran
    })
}

/// Standard input as the only rule file of a set.
fn read_input() -> Result<SourceSet, Failure> {
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(|source| Failure::File {
            doing: "cannot read",
            path: "<stdin>".to_owned(),
            source,
        })?;
    Ok(SourceSet::from_texts([("stdin.trip", text)]))
}

/// Writes to standard output.
fn print(text: &str) -> Result<(), Failure> {
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(Failure::Output)
}
