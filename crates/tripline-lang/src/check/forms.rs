//! The entries of a form, sorted into steps: which of them belong to the form, what stands for each
//! step, and whether there are as many as the form needs. Called for every rule, before conditions.

use crate::ast::{self, Entry, FormWord};
use crate::checked::Choice;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::Checker;
use super::scope::StepKind;

/// A form as written, its steps in the order of the checked form.
#[derive(Default)]
pub(super) struct Written<'r> {
    /// Steps that events are bound to first, then those that must be absent.
    pub(super) steps: Vec<WrittenStep<'r>>,
    pub(super) choices: Vec<Choice>,
    /// What a `count` waits for.
    pub(super) having: Option<&'r ast::Having>,
}

/// One step as written.
pub(super) struct WrittenStep<'r> {
    pub(super) step: &'r ast::Step,
    pub(super) kind: StepKind,
    /// The least number of its events.
    pub(super) least: Option<usize>,
    pub(super) having: Option<&'r ast::Having>,
    pub(super) extent: Option<&'r ast::Extent>,
}

impl<'r> WrittenStep<'r> {
    fn new(step: &'r ast::Step, kind: StepKind) -> WrittenStep<'r> {
        WrittenStep {
            step,
            kind,
            least: None,
            having: None,
            extent: None,
        }
    }
}

/// The most events that a step may ask for.
const MOST: usize = 1_000_000;

impl Checker<'_> {
    /// Sorts the entries of a form; those that do not belong to it are reported and left out.
    pub(super) fn written<'r>(&mut self, form: &'r ast::Form) -> Written<'r> {
        let mut written = Written::default();
        let mut absent = Vec::new();
        let mut havings: Vec<&ast::Having> = Vec::new();
        // Whether the entry before this one is a step of many events that may have a `having`.
        let mut open = false;
        for entry in &form.entries {
            let many_before = std::mem::take(&mut open);
            match (form.word, entry) {
                (FormWord::Sequence, Entry::Step(step)) => {
                    let mut found = WrittenStep::new(step, StepKind::One);
                    if let Some(least) = &step.least {
                        found.kind = StepKind::Many;
                        found.least = self.least(least, 1..=MOST, "a step stands for");
                        self.warn_of_least(found.least.unwrap_or(0), least.span);
                        open = true;
                    }
                    written.steps.push(found);
                }
                (FormWord::Sequence, Entry::Having(having)) if many_before => {
                    if let Some(step) = written.steps.last_mut() {
                        step.having = Some(having);
                    }
                }
                (FormWord::Sequence, Entry::Absence(absence)) => {
                    let mut found = WrittenStep::new(&absence.step, StepKind::Absent);
                    found.extent = Some(&absence.extent);
                    absent.push(found);
                }
                (FormWord::Together, Entry::Choice(choice)) => self.choice(choice, &mut written),
                (FormWord::Count, Entry::Having(having)) => havings.push(having),
                (_, Entry::Step(step)) => {
                    let kind = match form.word {
                        FormWord::Count => StepKind::Many,
                        _ => StepKind::One,
                    };
                    self.refuse_least(step, form.word);
                    written.steps.push(WrittenStep::new(step, kind));
                }
                (word, other) => self.misplaced(word, other),
            }
        }
        written.having = self.only_having(form, &havings);
        self.check_number_of_steps(form, &written.steps, absent.len());
        written.steps.append(&mut absent);
        written
    }

    /// `2 of { … }`
    fn choice<'r>(&mut self, choice: &'r ast::Choice, written: &mut Written<'r>) {
        let first = written.steps.len();
        for entry in &choice.entries {
            match entry {
                Entry::Step(step) => {
                    self.refuse_least(step, FormWord::Together);
                    written
                        .steps
                        .push(WrittenStep::new(step, StepKind::Optional));
                }
                other => self.misplaced(FormWord::Together, other),
            }
        }
        let steps = first..written.steps.len();
        let most = steps.len().saturating_sub(1);
        if most == 0 {
            let problem = Diagnostic::new(
                "E0518",
                choice.least.span,
                "there is nothing to choose from here",
            )
            .help("a choice has at least two steps, of which fewer are needed");
            self.report(problem);
        } else if let Some(least) = self.least(&choice.least, 1..=most, "a choice takes") {
            written.choices.push(Choice { least, steps });
        }
    }

    /// A number as written, if it is in the range.
    fn least(
        &mut self,
        written: &ast::Name,
        range: std::ops::RangeInclusive<usize>,
        what: &str,
    ) -> Option<usize> {
        let number = written.text.parse().ok();
        let fits = number.filter(|number| range.contains(number));
        if fits.is_none() {
            let (least, most) = (range.start(), range.end());
            let message = format!("{what} {least} to {most}, not {}", written.text);
            let mut problem = Diagnostic::new("E0518", written.span, message);
            if what.starts_with("a choice") {
                problem =
                    problem.help("where all of them are needed, write the steps without a choice");
            }
            self.report(problem);
        }
        fits
    }

    fn refuse_least(&mut self, step: &ast::Step, word: FormWord) {
        let Some(least) = &step.least else { return };
        let help = match word {
            FormWord::Count => "say it in `having`: `having count(name) >= 10`",
            _ => "only a step of a `sequence` can stand for several events",
        };
        let problem = Diagnostic::new(
            "E0516",
            least.span,
            format!(
                "a step of a `{}` has no least number of events",
                word.written()
            ),
        )
        .help(help);
        self.report(problem);
    }

    /// An entry that the form does not have here.
    fn misplaced(&mut self, word: FormWord, entry: &Entry) {
        let (at, what, help) = match entry {
            Entry::Step(step) => (step.name.span, "a step", ""),
            Entry::Having(having) => (
                head(having.span, "having"),
                "`having`",
                match word {
                    FormWord::Sequence => {
                        "`having` follows a step that stands for several events, such as `fails = 10.. signin`"
                    }
                    _ => "what events add up to is asked in a `count`",
                },
            ),
            Entry::Absence(absence) => (
                head(absence.span, "without"),
                "`without`",
                "what must not happen is said in a `sequence`",
            ),
            Entry::Choice(choice) => (
                choice.least.span,
                "a choice of steps",
                "steps of which some are enough stand in a `together`, and not within one another",
            ),
        };
        let problem = Diagnostic::new(
            "E0516",
            at,
            format!("{what} does not belong here in a `{}`", word.written()),
        )
        .help(help);
        self.report(problem);
    }

    fn only_having<'r>(
        &mut self,
        form: &ast::Form,
        havings: &[&'r ast::Having],
    ) -> Option<&'r ast::Having> {
        if form.word != FormWord::Count {
            return None;
        }
        match havings {
            [only] => Some(only),
            [] => {
                if !self.is_damaged(form.span) {
                    let problem = Diagnostic::new(
                        "E0517",
                        head(form.span, "count"),
                        "this `count` does not say what it waits for",
                    )
                    .help("add `having count(name) >= 10`");
                    self.report(problem);
                }
                None
            }
            [first, second, ..] => {
                let problem = Diagnostic::new(
                    "E0517",
                    head(second.span, "having"),
                    "this `count` has a second `having`",
                )
                .also(head(first.span, "having"), "the first one")
                .help("join the conditions with `and` or `or`");
                self.report(problem);
                Some(first)
            }
        }
    }

    fn check_number_of_steps(
        &mut self,
        form: &ast::Form,
        steps: &[WrittenStep<'_>],
        absent: usize,
    ) {
        if self.is_damaged(form.span) {
            return;
        }
        let problem = match (form.word, steps) {
            (FormWord::Match, [_]) => return,
            (FormWord::Match, []) => {
                Diagnostic::new("E0502", form.span, "this `match` has no step")
                    .help("write `match { e = schema where … }`")
            }
            (FormWord::Match, [_, second, ..]) => Diagnostic::new(
                "E0502",
                second.step.name.span,
                "a `match` looks at one event, so it has one step",
            )
            .help("steps that follow one another are a `sequence by key within 10m { … }`"),
            (FormWord::Sequence | FormWord::Together, [_, _, ..]) | (FormWord::Count, [_, ..]) => {
                return;
            }
            (FormWord::Sequence, [_]) if absent > 0 => return,
            (FormWord::Count, []) => {
                Diagnostic::new("E0503", form.span, "this `count` has no steps")
                    .help("write what is counted: `name = schema where …`")
            }
            (word, [only]) => Diagnostic::new(
                "E0503",
                only.step.name.span,
                format!("a `{}` has at least two steps", word.written()),
            )
            .help("a rule about one event is a `match { e = schema where … }`"),
            (word, []) => Diagnostic::new(
                "E0503",
                form.span,
                format!("this `{}` has no steps", word.written()),
            )
            .help("write at least two: `name = schema where …`"),
        };
        self.report(problem);
    }
}

/// The start of a long place, as far as the word that begins it.
pub(super) fn head(span: Span, word: &str) -> Span {
    let length = u32::try_from(word.len()).unwrap_or(u32::MAX);
    Span {
        end: span.end.min(span.start.saturating_add(length)),
        ..span
    }
}
