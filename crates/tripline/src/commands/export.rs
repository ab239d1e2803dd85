//! `tripline export vector`: the stateless part of a rule set as a configuration of Vector. What cannot
//! be said there exactly is shown as problems of the rule files are, and nothing is written then.

use std::io::{self, Write as _};
use std::path::PathBuf;

use tripline_engine::lang::checked::Checked;
use tripline_engine::lang::diagnostic::{Diagnostic, render};
use tripline_export::{Exported, Options, vector};

use crate::exit::{Failure, Status};
use crate::output::{self, files::replace};
use crate::rules::{self, Loaded};

/// Write the stateless part of a rule set for another program
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    target: Target,
}

/// For which program.
#[derive(Debug, clap::Subcommand)]
enum Target {
    Vector(VectorArguments),
}

/// Write filters and rules of single events as VRL, in a configuration of Vector
///
/// Schemas, filters, `match` rules and their exclusions become the source of one `remap` transform,
/// which judges each event as tripline does. What VRL cannot say exactly is refused, with its place and
/// what can be done; nothing is written then. Rules of several events are left out and named: they need
/// `tripline relay`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline export vector --rules rules/entra --output tripline.yaml
  tripline export vector --rules rules --leave odd_client --strict

Exit status: 0 if it was written, 2 if the rules are in error, something cannot be said exactly, or, with --strict, a rule needs the relay.")]
struct VectorArguments {
    /// A rule file or a folder of rule files; may be given several times
    #[arg(long, value_name = "PATH", required = true)]
    rules: Vec<PathBuf>,

    /// Where to write it [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// A rule or filter that is left to the relay; may be given several times
    #[arg(long, value_name = "NAME")]
    leave: Vec<String>,

    /// Take a rule that needs the relay, and is not left to it, as an error
    #[arg(long)]
    strict: bool,
}

/// Exports.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    match &arguments.target {
        Target::Vector(arguments) => to_vector(arguments),
    }
}

fn to_vector(arguments: &VectorArguments) -> Result<Status, Failure> {
    let loaded = rules::load(&arguments.rules, rules::today());
    loaded.report();
    let Some(checked) = &loaded.checked else {
        return Ok(Status::InError);
    };
    all_known(&arguments.leave, checked)?;
    let options = Options {
        leave: arguments.leave.clone(),
    };
    let exported = match vector(checked, &options) {
        Ok(exported) => exported,
        Err(refused) => {
            let problems: Vec<Diagnostic> = refused.iter().map(|one| one.diagnostic()).collect();
            say(&shown(&problems, &loaded));
            return Ok(Status::InError);
        }
    };
    if arguments.strict && !exported.left_out.is_empty() {
        let left = exported.left_out.iter();
        let problems: Vec<Diagnostic> = left.map(|one| one.diagnostic()).collect();
        say(&shown(&problems, &loaded));
        return Ok(Status::InError);
    }
    match &arguments.output {
        Some(path) => {
            let failed = |source| Failure::File {
                doing: "cannot write",
                path: path.display().to_string(),
                source,
            };
            replace(path, exported.config.as_bytes()).map_err(failed)?;
        }
        None => {
            let mut to = io::stdout();
            to.write_all(exported.config.as_bytes())
                .and_then(|()| to.flush())
                .map_err(Failure::Output)?;
        }
    }
    say(&summary(&exported));
    Ok(Status::Ran)
}

/// That every name to leave is one of a rule or a filter.
fn all_known(names: &[String], checked: &Checked) -> Result<(), Failure> {
    let rules = checked.rules.iter().map(|rule| &rule.name);
    let known: Vec<&String> = rules
        .chain(checked.filters.iter().map(|filter| &filter.name))
        .collect();
    match names.iter().find(|name| !known.contains(name)) {
        Some(name) => Err(Failure::Usage(format!(
            "--leave {name}: the set has no rule and no filter of this name"
        ))),
        None => Ok(()),
    }
}

fn shown(problems: &[Diagnostic], loaded: &Loaded) -> String {
    render::rich(problems, &loaded.sources, output::coloured(&io::stderr()))
}

/// What was exported, and what needs the relay.
fn summary(exported: &Exported) -> String {
    let mut said = format!(
        "exported: {} and {}\n",
        counted(exported.rules.len(), "rule"),
        counted(exported.filters.len(), "filter")
    );
    for left in &exported.left_out {
        said.push_str(&format!(
            "needs the relay: {} (a `{}` is about several events)\n",
            left.rule, left.form
        ));
    }
    said
}

fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

fn say(text: &str) {
    // Standard error may be gone; what was written is written.
    let _ = io::stderr().write_all(text.as_bytes());
}
