//! What a rule says of itself: known keys, known severities and tactics, well-formed ids.

use std::collections::HashMap;

use crate::ast::{self, ExprKind};
use crate::checked::Meta;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::{Checker, did_you_mean, listed};

const KEYS: [&str; 10] = [
    "id",
    "title",
    "description",
    "severity",
    "tactics",
    "techniques",
    "version",
    "author",
    "references",
    "tags",
];

const SEVERITIES: [&str; 5] = ["informational", "low", "medium", "high", "critical"];

/// The tactics of MITRE ATT&CK for enterprise, without spaces.
const TACTICS: [&str; 14] = [
    "Reconnaissance",
    "ResourceDevelopment",
    "InitialAccess",
    "Execution",
    "Persistence",
    "PrivilegeEscalation",
    "DefenseEvasion",
    "CredentialAccess",
    "Discovery",
    "LateralMovement",
    "Collection",
    "CommandAndControl",
    "Exfiltration",
    "Impact",
];

/// The rule ids of a set, each with where it stands.
pub(super) type Ids = HashMap<String, Span>;

impl Checker<'_> {
    /// Checks the `meta` of a rule; what is absent is filled in.
    pub(super) fn meta(
        &mut self,
        rule: &ast::Rule,
        entries: Option<&[ast::MetaEntry]>,
        ids: &mut Ids,
    ) -> Meta {
        let mut meta = Meta::default();
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for entry in entries.unwrap_or_default() {
            let key = entry.key.text.as_str();
            if !KEYS.contains(&key) {
                let help = did_you_mean(key, KEYS)
                    .unwrap_or_else(|| format!("the keys are {}", listed(KEYS)));
                let problem = Diagnostic::new(
                    "E0211",
                    entry.key.span,
                    format!("`meta` has no key `{key}`"),
                )
                .help(help);
                self.report(problem);
                continue;
            }
            if let Some(first) = seen.insert(key, entry.key.span) {
                let problem = Diagnostic::new(
                    "E0505",
                    entry.key.span,
                    format!("`{key}` stands twice in this `meta`"),
                )
                .also(first, "the first one");
                self.report(problem);
                continue;
            }
            self.meta_entry(entry, &mut meta);
        }
        self.rule_id(rule, entries.unwrap_or_default(), &mut meta, ids);
        for text in [&mut meta.id, &mut meta.title] {
            if text.is_empty() {
                text.clone_from(&rule.name.text);
            }
        }
        if meta.severity.is_empty() {
            "medium".clone_into(&mut meta.severity);
        }
        meta
    }

    fn meta_entry(&mut self, entry: &ast::MetaEntry, meta: &mut Meta) {
        let value = &entry.value;
        match entry.key.text.as_str() {
            "id" => self.meta_text(entry, &mut meta.id),
            "title" => self.meta_text(entry, &mut meta.title),
            "description" => self.meta_text(entry, &mut meta.description),
            "version" => self.meta_text(entry, &mut meta.version),
            "author" => self.meta_text(entry, &mut meta.author),
            "references" => meta.references = self.meta_texts(entry),
            "tags" => meta.tags = self.meta_texts(entry),
            "severity" => {
                let (ExprKind::Name(word) | ExprKind::Text(word)) = &value.kind else {
                    return self.meta_form(entry, "a word, such as `medium`");
                };
                if SEVERITIES.contains(&word.as_str()) {
                    meta.severity.clone_from(word);
                } else {
                    let help = did_you_mean(word, SEVERITIES)
                        .unwrap_or_else(|| format!("the severities are {}", listed(SEVERITIES)));
                    let problem = Diagnostic::new(
                        "E0212",
                        value.span,
                        format!("there is no severity `{word}`"),
                    )
                    .help(help);
                    self.report(problem);
                }
            }
            "tactics" => {
                meta.tactics = self.meta_texts(entry);
                self.each_text(value, |text, span| {
                    (!TACTICS.contains(&text)).then(|| {
                        let near = did_you_mean(&text.replace([' ', '-', '_'], ""), TACTICS);
                        let help = near.unwrap_or_else(|| {
                            format!("the tactics of ATT&CK are {}", listed(TACTICS))
                        });
                        Diagnostic::new("E0213", span, format!("ATT&CK has no tactic `{text}`"))
                            .help(help)
                    })
                });
            }
            "techniques" => {
                meta.techniques = self.meta_texts(entry);
                self.each_text(value, |text, span| {
                    (!is_technique(text)).then(|| {
                        let problem = Diagnostic::new(
                            "E0214",
                            span,
                            format!("`{text}` is no id of an ATT&CK technique"),
                        );
                        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                        match (digits.get(..4), digits.len()) {
                            (Some(technique), 4) => {
                                problem.help(format!("did you mean `T{technique}`?"))
                            }
                            (Some(technique), 7) => problem.help(format!(
                                "did you mean `T{technique}.{}`?",
                                digits.get(4..).unwrap_or_default()
                            )),
                            _ => problem.help("write `T1539`, or `T1110.003` for a sub-technique"),
                        }
                    })
                });
            }
            _ => {}
        }
    }

    fn meta_form(&mut self, entry: &ast::MetaEntry, wanted: &str) {
        let written = self.source_text(entry.value.span);
        let mut problem = Diagnostic::new(
            "E0509",
            entry.value.span,
            format!("`{}` is {wanted}", entry.key.text),
        );
        if !written.starts_with(['"', '[']) {
            problem = problem.help(format!("put it in quotes: `\"{written}\"`"));
        }
        self.report(problem);
    }

    fn meta_text(&mut self, entry: &ast::MetaEntry, into: &mut String) {
        match &entry.value.kind {
            ExprKind::Text(text) => into.clone_from(text),
            _ => self.meta_form(entry, "a text"),
        }
    }

    fn meta_texts(&mut self, entry: &ast::MetaEntry) -> Vec<String> {
        let text = |value: &ast::Expr| match &value.kind {
            ExprKind::Text(text) => Some(text.clone()),
            _ => None,
        };
        let texts: Option<Vec<String>> = match &entry.value.kind {
            ExprKind::List(values) => values.iter().map(text).collect(),
            _ => text(&entry.value).map(|text| vec![text]),
        };
        texts.unwrap_or_else(|| {
            self.meta_form(entry, "a list of texts");
            Vec::new()
        })
    }

    fn each_text(&mut self, value: &ast::Expr, check: impl Fn(&str, Span) -> Option<Diagnostic>) {
        let values = match &value.kind {
            ExprKind::List(values) => values.as_slice(),
            _ => std::slice::from_ref(value),
        };
        for value in values {
            if let ExprKind::Text(text) = &value.kind {
                self.problems.extend(check(text, value.span));
            }
        }
    }

    fn rule_id(
        &mut self,
        rule: &ast::Rule,
        entries: &[ast::MetaEntry],
        meta: &mut Meta,
        ids: &mut Ids,
    ) {
        let written = entries.iter().find(|entry| entry.key.text == "id");
        let span = written.map_or(rule.name.span, |entry| entry.value.span);
        if written.is_none() && self.is_damaged(rule.span) {
            return;
        }
        if written.is_none() {
            let problem = Diagnostic::new("W0401", span, format!("the rule `{}` has no id, so its name stands for it", rule.name.text))
                .help("add `id = \"…\"` to its `meta`, a UUID that never changes: detections keep their ids when the rule is renamed");
            self.report(problem);
        }
        if meta.id.is_empty() {
            // The name stands for it, and must not be another rule's id either.
            meta.id.clone_from(&rule.name.text);
        }
        if meta.id.is_empty() {
            return;
        }
        if looks_like_uuid(&meta.id) && !is_uuid(&meta.id) {
            let problem = Diagnostic::new(
                "W0402",
                span,
                "this id looks like a UUID but is not well formed",
            )
            .help("a UUID has 8, 4, 4, 4 and 12 hexadecimal digits, joined by hyphens");
            self.report(problem);
        }
        match ids.get(&meta.id) {
            Some(first) => {
                let problem = Diagnostic::new(
                    "E0510",
                    span,
                    format!("two rules have the id `{}`", meta.id),
                )
                .also(*first, "the other one")
                .help("every rule has an id of its own: make a new one");
                self.report(problem);
            }
            None => {
                ids.insert(meta.id.clone(), span);
            }
        }
    }
}

/// `T1234` or `T1234.001`.
fn is_technique(text: &str) -> bool {
    let digits = |part: &str, count: usize| {
        part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    match text
        .strip_prefix('T')
        .map(|rest| rest.split_once('.').unwrap_or((rest, "000")))
    {
        Some((technique, part)) => digits(technique, 4) && digits(part, 3),
        None => false,
    }
}

/// Mostly hexadecimal digits in several parts.
fn looks_like_uuid(text: &str) -> bool {
    let hyphens = text.matches('-').count();
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    (24..=48).contains(&text.len())
        && (3..=6).contains(&hyphens)
        && (digits + hyphens) * 10 >= text.len() * 9
        || text.len() == 32 && digits == 32
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && parts
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
