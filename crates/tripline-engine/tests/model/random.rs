//! Rules at random. A rule is read off a row of bytes, where 0 always is the simplest choice: so a failing
//! case shrinks to a short rule by making the bytes smaller, whatever the form.

use proptest::prelude::*;

use super::event::{Field, Kind};
use super::rule::{
    Aggregate, AggregateKind, Choice, Emit, Extent, Form, Holds, Op, Pick, Role, Rule, Step, Term,
};

/// What kind of rule: the forms, and what a sequence can be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    Match,
    Sequence,
    Several,
    Without,
    Together,
    Count,
}

pub(crate) const SORTS: [Sort; 6] = [
    Sort::Match,
    Sort::Sequence,
    Sort::Several,
    Sort::Without,
    Sort::Together,
    Sort::Count,
];

/// The sort of a rule, as a reader would call it.
pub(crate) fn sort_of(rule: &Rule) -> Sort {
    match &rule.form {
        Form::Match => Sort::Match,
        Form::Together(_) => Sort::Together,
        Form::Count(_) => Sort::Count,
        Form::Sequence if rule.bound() < rule.steps.len() => Sort::Without,
        Form::Sequence if rule.steps.iter().any(Step::is_many) => Sort::Several,
        Form::Sequence => Sort::Sequence,
    }
}

/// One to three rules; mostly one.
pub(crate) fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let count = prop_oneof![4 => Just(1usize), 1 => Just(2), 1 => Just(3)];
    let one = (
        prop_oneof![
            1 => Just(Sort::Match),
            3 => Just(Sort::Sequence),
            4 => Just(Sort::Several),
            4 => Just(Sort::Without),
            4 => Just(Sort::Together),
            4 => Just(Sort::Count),
        ],
        tape(),
    );
    let set = count.prop_flat_map(move |count| proptest::collection::vec(one.clone(), count));
    set.prop_map(|rules| {
        let rules = rules.into_iter().enumerate();
        rules
            .map(|(at, (sort, bytes))| rule(at, sort, &bytes))
            .collect()
    })
}

/// What [`rule`] and [`retuned`] read.
pub(crate) fn tape() -> impl Strategy<Value = Vec<u8>> + Clone {
    proptest::collection::vec(any::<u8>(), 80..=80)
}

/// The rule that the bytes say.
pub(crate) fn rule(at: usize, sort: Sort, bytes: &[u8]) -> Rule {
    let mut tape = Tape { bytes };
    let key = match (sort, tape.below(8)) {
        (Sort::Match, _) => vec![],
        (_, 6) => vec![Field::User, Field::Ip],
        (_, 7) => vec![Field::Ip],
        _ => vec![Field::User],
    };
    let within = 1 + tape.number(30);
    let mut rule = Rule {
        name: format!("r{at}"),
        form: Form::Match,
        key,
        within,
        steps: Vec::new(),
        emit: Vec::new(),
        exclusions: Vec::new(),
    };
    match sort {
        Sort::Match => tape.step(&mut rule, Role::One(Pick::Any), &[]),
        Sort::Sequence | Sort::Several | Sort::Without => tape.sequence(&mut rule, sort),
        Sort::Together => tape.together(&mut rule),
        Sort::Count => tape.count(&mut rule),
    }
    tape.tuning(&mut rule);
    rule
}

/// The same rule with other exclusions, another `emit` and other numbers to reach.
pub(crate) fn retuned(rule: &Rule, bytes: &[u8]) -> Rule {
    let mut rule = rule.clone();
    let mut tape = Tape { bytes };
    tape.tuning(&mut rule);
    for step in &mut rule.steps {
        if let Role::Many { least, having } = &mut step.role {
            *least = tape.pick(&[1, 2, 3]);
            having.iter_mut().for_each(|having| tape.threshold(having));
        }
    }
    match &mut rule.form {
        Form::Together(choices) => {
            for choice in choices {
                choice.least = 1 + tape.below(choice.steps.len() - 1);
            }
        }
        Form::Count(having) => tape.threshold(having),
        _ => {}
    }
    rule
}

/// The bytes that are left.
struct Tape<'t> {
    bytes: &'t [u8],
}

impl Tape<'_> {
    fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        usize::from(*first) % end.max(1)
    }

    fn number(&mut self, end: usize) -> i64 {
        i64::try_from(self.below(end)).unwrap()
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn op(&mut self) -> Op {
        self.pick(&[Op::AtLeast, Op::Less, Op::Differs, Op::Equal])
    }

    /// Adds a step whose conditions may name the steps `joins`.
    fn step(&mut self, rule: &mut Rule, role: Role, joins: &[usize]) {
        let at = rule.steps.len();
        let kind = if self.below(9) == 8 {
            Kind::Alert
        } else {
            Kind::Signin
        };
        let mut conditions = Vec::new();
        for _ in 0..self.pick(&[0, 1, 0, 0, 1, 0, 2]) {
            conditions.push(self.own(at));
        }
        if !joins.is_empty() && self.below(3) == 2 {
            conditions.push(self.join(at, joins));
        }
        rule.steps.push(Step {
            kind,
            role,
            conditions,
        });
    }

    /// A condition on the event of a step alone.
    fn own(&mut self, step: usize) -> Holds {
        let compare = |field, op, value| {
            Holds::Compare(Term::Field(step, field), op, Term::Constant(field, value))
        };
        match self.below(8) {
            0 | 1 => compare(Field::Interactive, Op::Equal, 1 - self.number(2)),
            2 | 3 => compare(Field::Result, Op::AtLeast, self.number(3)),
            4 => compare(Field::Result, self.op(), 1 + self.number(2)),
            5 => compare(Field::Risk, self.op(), 2 + self.number(4)),
            6 => Holds::Not(Box::new(compare(Field::Ip, Op::Equal, 1 + self.number(3)))),
            _ => {
                let one = compare(Field::Ip, Op::Equal, 1 + self.number(3));
                let other = compare(Field::Result, Op::Equal, self.number(3));
                Holds::Either(Box::new(one), Box::new(other))
            }
        }
    }

    /// A condition between a step and one of others.
    fn join(&mut self, step: usize, others: &[usize]) -> Holds {
        let other = self.pick(others);
        match self.below(6) {
            0 | 1 => self.compare(step, other, Field::Ip, &[Op::Equal, Op::Differs]),
            2 | 3 => {
                let ops = [Op::Equal, Op::Differs, Op::Less, Op::AtLeast];
                self.compare(step, other, Field::Result, &ops)
            }
            4 => self.compare(step, other, Field::Risk, &[Op::Less, Op::AtLeast]),
            _ => {
                let op = self.pick(&[Op::AtLeast, Op::Less]);
                let seconds = Term::Seconds(1 + self.number(6));
                Holds::Compare(Term::Between(other, step), op, seconds)
            }
        }
    }

    fn compare(&mut self, step: usize, other: usize, field: Field, ops: &[Op]) -> Holds {
        let op = self.pick(ops);
        Holds::Compare(Term::Field(step, field), op, Term::Field(other, field))
    }

    fn sequence(&mut self, rule: &mut Rule, sort: Sort) {
        rule.form = Form::Sequence;
        let least = if sort == Sort::Without { 1 } else { 2 };
        let steps = match sort {
            Sort::Several => self.pick(&[2, 2, 3, 3, 4]),
            _ => least + self.pick(&[0, 0, 1, 1, 2]),
        };
        // Where the steps of several events are.
        let several = match sort {
            Sort::Several => self.below(steps),
            _ => steps,
        };
        for at in 0..steps {
            let beside = rule.steps.last().is_some_and(Step::is_many);
            let another = sort != Sort::Sequence && !beside && self.below(5) == 4;
            let role = if at == several || (at != several.wrapping_sub(1) && another) {
                Role::Many {
                    least: self.pick(&[1, 2, 1, 2, 3]),
                    having: (self.below(4) == 3).then(|| self.having(at, at.checked_sub(1))),
                }
            } else if at + 1 < steps {
                let picks = [Pick::Any, Pick::Any, Pick::Last, Pick::Every];
                Role::One(self.pick(&picks))
            } else {
                Role::One(Pick::Any)
            };
            let many = matches!(role, Role::Many { .. });
            let named: Vec<usize> = (0..at)
                .filter(|at| !many || !rule.steps[*at].is_many())
                .collect();
            self.step(rule, role, &named);
        }
        if sort != Sort::Without {
            return;
        }
        for _ in 0..=self.below(2) {
            let (one, span) = (self.below(steps), 1 + self.number(12));
            let extent = match self.below(3) {
                0 if one + 1 < steps => Extent::Between(one, one + 1 + self.below(steps - one - 1)),
                1 => Extent::Before(one, span),
                _ => Extent::After(one, span),
            };
            let bound: Vec<usize> = (0..steps).collect();
            self.step(rule, Role::Absent(extent), &bound);
        }
        if steps == 1 && !rule.steps[0].is_many() {
            rule.within = 0;
        }
    }

    fn together(&mut self, rule: &mut Rule) {
        let mut choices = Vec::new();
        let needed = self.below(3);
        for _ in 0..needed {
            let named: Vec<usize> = (0..rule.steps.len()).collect();
            self.step(rule, Role::One(Pick::Any), &named);
        }
        for _ in 0..usize::from(needed < 2).max(self.below(2)) {
            let (first, count) = (rule.steps.len(), 2 + self.below(2));
            for _ in 0..count {
                let named: Vec<usize> = (0..needed).collect();
                self.step(rule, Role::One(Pick::Any), &named);
            }
            choices.push(Choice {
                least: 1 + self.below(count - 1),
                steps: first..first + count,
            });
        }
        rule.form = Form::Together(choices);
    }

    fn count(&mut self, rule: &mut Rule) {
        for _ in 0..=self.below(2) {
            self.step(rule, Role::Counted, &[]);
        }
        let steps = rule.steps.len();
        let step = self.below(steps);
        let mut having = self.having(step, None);
        match self.below(5) {
            3 => {
                let step = self.below(steps);
                having = Holds::Either(Box::new(having), Box::new(self.having(step, None)));
            }
            4 => {
                let (one, other) = (self.adds(0, None), self.adds(steps - 1, None));
                if one.is_whole() && other.is_whole() {
                    having = Holds::Compare(Term::Adds(one), Op::Less, Term::Adds(other));
                }
            }
            _ => {}
        }
        rule.form = Form::Count(having);
    }

    /// What the events of a step add up to; the step `join` is of one event and can be named.
    fn having(&mut self, step: usize, join: Option<usize>) -> Holds {
        let aggregate = self.adds(step, join);
        let (op, constant) = match &aggregate.kind {
            AggregateKind::Spread => (self.op(), Term::Seconds(self.number(8))),
            AggregateKind::Sum(Field::Risk)
            | AggregateKind::Min(Field::Risk)
            | AggregateKind::Max(Field::Risk) => {
                (self.op(), Term::Constant(Field::Risk, self.number(12)))
            }
            AggregateKind::Count => {
                let op = self.pick(&[Op::AtLeast, Op::AtLeast, Op::Equal, Op::Less]);
                (op, Term::Number(1 + self.number(4)))
            }
            _ => (
                self.pick(&[Op::AtLeast, Op::Equal, Op::Differs, Op::Less]),
                Term::Number(1 + self.number(3)),
            ),
        };
        let holds = Holds::Compare(Term::Adds(aggregate), op, constant);
        match self.below(8) {
            7 => Holds::Not(Box::new(holds)),
            _ => holds,
        }
    }

    /// An aggregate of a step.
    fn adds(&mut self, step: usize, join: Option<usize>) -> Aggregate {
        let kind = match self.below(10) {
            0..=2 => AggregateKind::Count,
            3 => AggregateKind::Distinct(vec![Field::Ip]),
            4 => AggregateKind::Distinct(vec![Field::Ip, Field::Result]),
            5 => AggregateKind::Sum(self.pick(&[Field::Result, Field::Risk])),
            6 => AggregateKind::Min(self.pick(&[Field::Result, Field::Risk])),
            7 => AggregateKind::Max(self.pick(&[Field::Result, Field::Risk])),
            8 => AggregateKind::Spread,
            _ => AggregateKind::Values(self.pick(&[Field::Ip, Field::Result])),
        };
        let only = match (self.below(4), join) {
            (3, Some(other)) => Some(Box::new(self.join(step, &[other]))),
            (2 | 3, _) => Some(Box::new(self.own(step))),
            _ => None,
        };
        Aggregate { kind, step, only }
    }

    /// Another number to compare with.
    fn threshold(&mut self, having: &mut Holds) {
        match having {
            Holds::Compare(_, _, Term::Number(number)) => *number = 1 + self.number(4),
            Holds::Compare(..) => {}
            Holds::Either(one, other) => {
                self.threshold(one);
                self.threshold(other);
            }
            Holds::Not(inner) => self.threshold(inner),
        }
    }

    /// Exclusions and what is emitted.
    fn tuning(&mut self, rule: &mut Rule) {
        rule.exclusions.clear();
        rule.emit.clear();
        let bound = rule.bound();
        for _ in 0..self.pick(&[0, 1, 0, 0, 1, 2]) {
            let step = self.below(bound);
            let when = if rule.steps[step].is_many() && self.below(2) == 1 {
                self.having(step, None)
            } else if step > 0 && self.below(3) == 2 {
                self.join(step, &[step - 1])
            } else {
                self.own(step)
            };
            rule.exclusions.push(when);
        }
        for step in 0..bound {
            match self.below(3) {
                0 => {}
                1 if rule.steps[step].is_many() => {
                    let other = (0..bound).find(|other| {
                        !rule.steps[*other].is_many() && matches!(rule.form, Form::Sequence)
                    });
                    rule.emit.push(Emit::Adds(self.adds(step, other)));
                }
                _ => {
                    let field =
                        self.pick(&[Field::Ip, Field::Risk, Field::Time, Field::Interactive]);
                    rule.emit.push(Emit::Field(step, field));
                }
            }
        }
    }
}
