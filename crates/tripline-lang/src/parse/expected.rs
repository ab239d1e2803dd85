//! What the grammar would have taken at the place of an error, as words for a person.

use super::grammar::Rule;

/// `expected` rules as a phrase: "`where`, another step or `}`". Empty when there is nothing
/// worth naming.
pub(super) fn phrase(rules: &[Rule]) -> String {
    let has = |rule: Rule| rules.contains(&rule);
    let mut words: Vec<String> = Vec::new();
    let mut say = |word: &str| {
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    };
    let (declarations, sections) = (Expected(rules).declaration(), Expected(rules).section());
    if has(Rule::op_and) {
        say("an operator");
    }
    if declarations {
        say(
            "a declaration (`schema`, `list`, `table`, `let`, `rule`, `exclude`, `filter` or `test`)",
        );
    }
    if sections {
        say("a section (`meta`, `match`, `sequence`, `together`, `count`, `emit` or `exclude`)");
    }
    let value = has(Rule::text) && has(Rule::name);
    let expression = has(Rule::expr) || (value && has(Rule::open_group));
    if value && !expression {
        say("a value");
    }
    let others = rules.iter().filter(|rule| !is_operator(**rule));
    for rule in others {
        match describe(*rule) {
            _ if (expression || value) && is_operand(*rule) => {}
            Word::Keyword(word) if (declarations || sections) && word != "}" && is_word(word) => {}
            Word::Keyword(word) => say(&format!("`{word}`")),
            Word::Thing(thing) => say(thing),
            Word::Silent => {}
        }
    }
    if expression {
        say("an expression");
    }
    if words.is_empty() && rules.iter().any(|rule| is_operator(*rule)) {
        words.push("an operator".to_owned());
    }
    // A closing bracket reads best at the end.
    words.sort_by_key(|word| matches!(word.as_str(), "`}`" | "`)`" | "`]`"));
    let Some(last) = words.pop() else {
        return String::new();
    };
    if words.is_empty() {
        last
    } else {
        format!("{} or {last}", words.join(", "))
    }
}

/// The keywords that the grammar would have taken.
pub(super) fn keywords(rules: &[Rule]) -> impl Iterator<Item = &'static str> {
    rules.iter().filter_map(|rule| match describe(*rule) {
        Word::Keyword(word) if is_word(word) => Some(word),
        _ => None,
    })
}

fn is_word(written: &str) -> bool {
    written.starts_with(|first: char| first.is_ascii_alphabetic())
}

enum Word {
    /// Written exactly so.
    Keyword(&'static str),
    /// A kind of thing.
    Thing(&'static str),
    /// Not worth naming.
    Silent,
}

fn describe(rule: Rule) -> Word {
    use Word::{Keyword, Thing};
    match rule {
        Rule::kw_schema => Keyword("schema"),
        Rule::kw_accept => Keyword("accept"),
        Rule::kw_list => Keyword("list"),
        Rule::kw_file | Rule::list_file => Keyword("file"),
        Rule::kw_table => Keyword("table"),
        Rule::kw_key => Keyword("key"),
        Rule::kw_let => Keyword("let"),
        Rule::kw_rule => Keyword("rule"),
        Rule::kw_meta => Keyword("meta"),
        Rule::kw_match => Keyword("match"),
        Rule::kw_sequence => Keyword("sequence"),
        Rule::kw_together => Keyword("together"),
        Rule::kw_count => Keyword("count"),
        Rule::kw_having => Keyword("having"),
        Rule::kw_without => Keyword("without"),
        Rule::kw_between => Keyword("between"),
        Rule::kw_after => Keyword("after"),
        Rule::kw_before => Keyword("before"),
        Rule::kw_for => Keyword("for"),
        Rule::kw_of => Keyword("of"),
        Rule::kw_by => Keyword("by"),
        Rule::kw_within => Keyword("within"),
        Rule::kw_where => Keyword("where"),
        Rule::kw_emit => Keyword("emit"),
        Rule::kw_exclude => Keyword("exclude"),
        Rule::kw_from => Keyword("from"),
        Rule::kw_when => Keyword("when"),
        Rule::kw_filter => Keyword("filter"),
        Rule::kw_on => Keyword("on"),
        Rule::kw_in => Keyword("in"),
        Rule::kw_test => Keyword("test"),
        Rule::kw_at => Keyword("at"),
        Rule::kw_records => Keyword("records"),
        Rule::kw_expect => Keyword("expect"),
        Rule::kw_no => Keyword("no"),
        Rule::kw_least => Keyword("least"),
        Rule::kw_detections => Keyword("detections"),
        Rule::kw_excluded => Keyword("excluded"),
        Rule::kw_lateness => Keyword("lateness"),
        Rule::kw_emission => Keyword("emission"),
        Rule::kw_today => Keyword("today"),
        Rule::open => Keyword("{"),
        Rule::close => Keyword("}"),
        Rule::open_list => Keyword("["),
        Rule::close_list => Keyword("]"),
        Rule::close_group => Keyword(")"),
        Rule::comma => Keyword(","),
        Rule::colon => Keyword(":"),
        Rule::equals => Keyword("="),
        Rule::accept => Keyword("accept"),
        Rule::field => Thing("a field"),
        Rule::type_name => Thing("a type"),
        Rule::table_column => Thing("the name of a column"),
        Rule::step => Thing("a step"),
        Rule::having => Keyword("having"),
        Rule::absence => Keyword("without"),
        Rule::between => Keyword("between"),
        Rule::after => Keyword("after"),
        Rule::before => Keyword("before"),
        Rule::meta_entry | Rule::emit_entry => Thing("an entry"),
        Rule::meta_value => Thing("a value"),
        Rule::clause => Thing("a clause (`when`, `reason`, `owner` or `expires`)"),
        Rule::on => Keyword("on"),
        Rule::action => Thing("an action (`drop when`, `keep when` or `tag \"…\" when`)"),
        Rule::key | Rule::key_part => Thing("a key"),
        Rule::name | Rule::word => Thing("a name"),
        Rule::text => Thing("a text in quotes"),
        Rule::digits | Rule::number => Thing("a number"),
        Rule::test_event => Thing("an event (`schema at 10:00:00 { … }`)"),
        Rule::given | Rule::given_name => Thing("a field"),
        Rule::date | Rule::clock_time | Rule::moment => {
            Thing("a time (`10:00:00` or `2026-03-02T10:00:00Z`)")
        }
        _ => Word::Silent,
    }
}

/// What can stand where an expression stands, so that "an expression" covers it.
fn is_operand(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::name
            | Rule::text
            | Rule::open_list
            | Rule::open_group
            | Rule::digits
            | Rule::number
            | Rule::date
    )
}

/// What can follow any expression; named only when nothing else could.
fn is_operator(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::comparison
            | Rule::op_or
            | Rule::op_and
            | Rule::coalesce
            | Rule::add
            | Rule::subtract
            | Rule::multiply
            | Rule::divide
            | Rule::member
            | Rule::index
            | Rule::each
            | Rule::kw_nocase
            | Rule::not_in
            | Rule::kw_not
            | Rule::kw_in
            | Rule::arrow
    )
}

/// The rule set of an error: what it says about where in the file the reader was.
pub(super) struct Expected<'e>(pub(super) &'e [Rule]);

impl Expected<'_> {
    /// A declaration could begin here.
    pub(super) fn declaration(&self) -> bool {
        self.0.contains(&Rule::kw_schema) && self.0.contains(&Rule::kw_let)
    }

    /// A section of a rule could begin here.
    pub(super) fn section(&self) -> bool {
        self.0.contains(&Rule::kw_meta) && self.0.contains(&Rule::kw_match)
    }

    /// An operator could stand here.
    pub(super) fn operator(&self) -> bool {
        self.0.iter().any(|rule| is_operator(*rule))
    }

    /// This very thing could stand here.
    pub(super) fn takes(&self, rule: Rule) -> bool {
        self.0.contains(&rule)
    }

    /// A name could stand here.
    pub(super) fn name(&self) -> bool {
        self.0.contains(&Rule::name)
    }
}
