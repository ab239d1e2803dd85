//! The registry of codes: every diagnostic that there is, declared once. `docs/diagnostics.md` has
//! an entry for each with an example, and a test that the two agree.
//!
//! A code is never given another meaning. Errors begin with `E`, warnings with `W`; the next two
//! digits are the subject: 00 files, 01 syntax, 02 names, 03 types, 04 schemas, lists and tables, 05 rules,
//! 06 tests (of warnings: 01 unused, 02 conditions, 03 exclusions, 04 identity, 05 tests).

use super::Severity;

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code, such as `E0102`.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// What the rule is that was broken, for the manual.
    pub explanation: &'static str,
}

impl Code {
    /// The severity that the code's letter says.
    pub fn severity(&self) -> Severity {
        Severity::of_code(self.code)
    }
}

/// The entry of a code.
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|entry| entry.code == code)
}

const fn code(code: &'static str, title: &'static str, explanation: &'static str) -> Code {
    Code {
        code,
        title,
        explanation,
    }
}

/// Every code, in order.
pub const CODES: &[Code] = &[
    code(
        "E0001",
        "a file or folder cannot be read",
        "A path that was given, or a rule file below it, is not there, may not be read, is a link out of its folder, or is larger than a rule file may be.",
    ),
    code(
        "E0002",
        "a rule file is not UTF-8",
        "Rule files are UTF-8 text. The message gives the place of the first byte that is not.",
    ),
    code(
        "E0003",
        "a folder holds no rule files",
        "Below a folder that was given there is no file whose name ends in `.trip`.",
    ),
    code(
        "E0101",
        "unexpected word or mark",
        "Something stands where the language expects something else. The message says what would have been right.",
    ),
    code(
        "E0102",
        "unknown declaration",
        "A file holds declarations: `schema`, `list`, `let`, `rule`, `exclude`, `filter` and `test`. Another word begins one here.",
    ),
    code(
        "E0103",
        "unknown section",
        "A rule holds the sections `meta`, one of `match`, `sequence`, `together` and `count`, `emit` and `exclude`. Another word begins one here.",
    ),
    code(
        "E0104",
        "a bracket is never closed",
        "A `{`, `[` or `(` has no counterpart. The second place is where it was opened.",
    ),
    code(
        "E0105",
        "a text is never closed",
        "A text ends on the line on which it begins.",
    ),
    code(
        "E0106",
        "a pattern is never closed",
        "A pattern ends on the line on which it begins.",
    ),
    code(
        "E0107",
        "a comment is never closed",
        "A comment that begins with `/*` ends with `*/`.",
    ),
    code(
        "E0109",
        "nested too deep",
        "Brackets or operators nest deeper than the limits, which keep reading a rule set cheap whatever is in it.",
    ),
    code(
        "E0110",
        "unknown escape",
        "In a text a backslash begins an escape, and this one has no meaning.",
    ),
    code(
        "E0111",
        "flags after a pattern",
        "Flags of a pattern stand inside of it, at its start.",
    ),
    code(
        "E0112",
        "chained comparisons",
        "`a < b < c` has no meaning that everybody agrees on.",
    ),
    code(
        "E0113",
        "`not` needs brackets",
        "Beside another operator it is not plain what `not` negates.",
    ),
    code(
        "E0114",
        "a spelling of another language",
        "The thing exists here but is written in another way.",
    ),
    code(
        "E0115",
        "a reserved word as a name",
        "Words such as `and`, `in` or `where` cannot be names.",
    ),
    code(
        "E0116",
        "a bracket closes nothing",
        "A `}`, `]` or `)` has no counterpart before it.",
    ),
    code(
        "E0117",
        "an index is too large",
        "Elements of a list are counted from 0 to 4294967295.",
    ),
    code(
        "E0118",
        "JSON that is none",
        "A value in braces is JSON as it is written.",
    ),
    code(
        "E0201",
        "a name is declared twice",
        "Names of schemas, lists, constants, rules and filters are global to a rule set, over all of its files, and the fields of one schema differ. The second place shows the first declaration.",
    ),
    code(
        "E0202",
        "unknown name",
        "Nothing that can be used here has this name.",
    ),
    code(
        "E0203",
        "unknown field",
        "The schema has no field of this name (nor is there anything else that has it).",
    ),
    code(
        "E0204",
        "unknown schema",
        "There is no schema of this name in the rule set.",
    ),
    code(
        "E0205",
        "unknown step",
        "Before the dot stands the name of a step, and the rule has no such step.",
    ),
    code(
        "E0206",
        "unknown function",
        "There is no function of this name.",
    ),
    code(
        "E0207",
        "unknown rule",
        "The exclusion or the test is about a rule that the set does not have.",
    ),
    code("E0208", "unknown type", "There is no type of this name."),
    code(
        "E0209",
        "unknown modifier of a list",
        "After the type of a list stands `nocase` or nothing.",
    ),
    code(
        "E0210",
        "unknown modifier of a step",
        "Before the schema of a step stands `last`, `every`, `any` or nothing (which is `any`).",
    ),
    code(
        "E0211",
        "unknown key in `meta`",
        "`meta` has the keys `id`, `title`, `description`, `severity`, `tactics`, `techniques`, `version`, `author`, `references` and `tags`.",
    ),
    code(
        "E0212",
        "unknown severity",
        "A severity is `informational`, `low`, `medium`, `high` or `critical`.",
    ),
    code(
        "E0213",
        "unknown tactic",
        "Tactics are those of MITRE ATT&CK for enterprise, written without spaces.",
    ),
    code(
        "E0214",
        "not the id of a technique",
        "Techniques are ids of MITRE ATT&CK: a `T` and four digits, for a sub-technique a dot and three more.",
    ),
    code(
        "E0215",
        "unknown clause of an exclusion",
        "An exclusion has the clauses `when`, `reason`, `owner` and `expires`.",
    ),
    code(
        "E0216",
        "unknown action of a filter",
        "A filter has the actions `drop when`, `keep when` and `tag \"name\" when`.",
    ),
    code(
        "E0217",
        "unknown unit",
        "Units of time are `ns`, `us`, `ms`, `s`, `m` (minutes), `h`, `d` and `w`.",
    ),
    code(
        "E0218",
        "a step that comes later",
        "A condition may use the fields of its own step and of earlier ones: the event of a later step is not known yet.",
    ),
    code(
        "E0219",
        "a field that is read later",
        "The fields of a schema are read in the order written, and each may use the ones before it.",
    ),
    code(
        "E0220",
        "which step's field?",
        "In `emit` and in exclusions of a rule with several steps a field must say which step it is of. Only the parts of the key need no step.",
    ),
    code(
        "E0221",
        "a path outside of a schema",
        "Raw records are read in schemas alone, so that rules speak of named, typed fields.",
    ),
    code(
        "E0222",
        "a name that hides another",
        "The parameter of a lambda has the name of something that can be used around it.",
    ),
    code(
        "E0223",
        "a constant that needs itself",
        "The value of a constant depends on itself.",
    ),
    code(
        "E0224",
        "a name without a value",
        "Steps, lists, tables, schemas, rules and filters have names but are no values.",
    ),
    code(
        "E0225",
        "an aggregate out of place",
        "Aggregates add up the events of a step. They stand in `having`, and in `emit` and exclusions of a rule that counts, and not within one another.",
    ),
    code(
        "E0226",
        "an aggregate that is not about one step",
        "An aggregate is about the events of one step that counts: a step of a `count`, or one with a least number.",
    ),
    code(
        "E0227",
        "`where` in a call that adds nothing up",
        "Only aggregates take a condition.",
    ),
    code(
        "E0228",
        "a field of several events",
        "In `having` a field of a step that counts has as many values as there are events.",
    ),
    code(
        "E0301",
        "values of different types",
        "A comparison has two values of one type. Raw values (`json`), literal texts and whole numbers beside floats convert; nothing else does.",
    ),
    code(
        "E0302",
        "not a condition",
        "A condition is `bool`, and this value is not.",
    ),
    code(
        "E0303",
        "values without an order",
        "`<`, `<=`, `>` and `>=` need values with an order: numbers, texts, timestamps, durations, addresses.",
    ),
    code(
        "E0304",
        "a text that is no such value",
        "A literal is read as the type that is needed, and cannot be.",
    ),
    code(
        "E0305",
        "arithmetic that has no meaning",
        "`+` and `-` join numbers, timestamps and durations; `*` and `/` numbers, or a duration and a whole number.",
    ),
    code(
        "E0306",
        "a test on what is no text",
        "`contains`, `starts_with`, `ends_with`, `has` and `matches` work on texts.",
    ),
    code(
        "E0307",
        "`in` what is no fitting list",
        "On the right of `in` stands a list (or an address range) whose elements have the type of the value on the left.",
    ),
    code(
        "E0308",
        "not a pattern",
        "On the right of `matches` stands a pattern between slashes, known before the first event.",
    ),
    code(
        "E0309",
        "a pattern that is not valid",
        "The pattern cannot be compiled. Patterns run in time linear in the text, so there are no look-around and no backreferences; size and nesting are limited.",
    ),
    code(
        "E0310",
        "too large",
        "A number does not fit 64 bits, a duration is longer than 292 years, or an operation on constants has no result.",
    ),
    code(
        "E0311",
        "a duration without a unit",
        "A window is a duration, and a duration has a unit.",
    ),
    code(
        "E0312",
        "wrong number of arguments",
        "The function takes another number of arguments.",
    ),
    code(
        "E0313",
        "an argument that does not fit",
        "The function takes a value of another type here, or the pattern has no such group.",
    ),
    code(
        "E0314",
        "a lambda where none fits, or none where one is needed",
        "`x => …` stands as the second argument of `any`, `all`, `find` and `map`, and nowhere else.",
    ),
    code(
        "E0315",
        "a value without members",
        "Only raw values (`json`) and rows of tables have members, and lists have elements.",
    ),
    code(
        "E0316",
        "`nocase` for what is no text",
        "`nocase` compares texts without case.",
    ),
    code(
        "E0317",
        "a field that cannot be converted",
        "The value of a field is converted to its type; from this type to that there is no conversion.",
    ),
    code(
        "E0318",
        "several types in one list",
        "The elements of a list, the operands of `??` and the arguments that belong together have one type.",
    ),
    code(
        "E0319",
        "not known before the first event",
        "Constants, entries of lists and windows are computed when the rule set is loaded, so they hold plain values.",
    ),
    code(
        "E0320",
        "an expression that nests too deep",
        "Expressions nest at most 128 levels, those of the constants that they name included.",
    ),
    code(
        "E0401",
        "a schema has one `accept`",
        "`accept` says which records are events of the schema. It stands exactly once.",
    ),
    code(
        "E0402",
        "a schema has a `time`",
        "Every event has a time: a field `time` of the type `timestamp`.",
    ),
    code(
        "E0403",
        "`id` is a text",
        "The field `id` tells a record from its duplicates. It is a `string`.",
    ),
    code(
        "E0404",
        "a type that lists do not have",
        "A list holds `string`, `int`, `float`, `ip`, `cidr` or `regex`.",
    ),
    code(
        "E0405",
        "a list or table file that cannot be read",
        "The file of a list or a table is not there, may not be read, is not UTF-8, or lies outside of the rule set's folder.",
    ),
    code(
        "E0406",
        "a bad entry of a list",
        "An entry cannot be read as the type of the list. The place is in the list file where it has one.",
    ),
    code(
        "E0407",
        "a type that fields do not have",
        "Fields hold values of records, and patterns are not among them.",
    ),
    code(
        "E0408",
        "a bad row of a table",
        "A row of CSV has as many cells as the header has columns, and its quotes are closed; a line of NDJSON is one JSON object.",
    ),
    code(
        "E0409",
        "a row without a key",
        "A row is found by its key, so each has one: a text, or of NDJSON also a number or a truth value.",
    ),
    code(
        "E0410",
        "a key that stands twice",
        "A key has one row. With `nocase` two keys that differ in case alone are one, and two spellings of an IPv6 address always are.",
    ),
    code(
        "E0411",
        "a column that the table does not have",
        "The key of a table and the members of a row that is looked up are columns of the table's file.",
    ),
    code(
        "E0412",
        "the columns of a table",
        "The first line of a CSV file names its columns: each has a name, and another one. A table has at most 4096.",
    ),
    code(
        "E0501",
        "a rule looks for one thing",
        "A rule has exactly one `match`, `sequence`, `together` or `count`.",
    ),
    code(
        "E0502",
        "a `match` has one step",
        "A `match` looks at one event at a time.",
    ),
    code(
        "E0503",
        "a form without enough steps",
        "A `sequence` is about events that follow one another, a `together` about events beside one another: both have at least two steps; a `sequence` may have one if something must be absent beside it. A `count` has at least one.",
    ),
    code(
        "E0504",
        "a section that stands twice",
        "`meta` and `emit` stand once in a rule.",
    ),
    code(
        "E0505",
        "something that stands twice",
        "Names of steps, parts of the key, names in `emit`, keys of `meta`, rules after `from` and `for`, the exclusions and the tests of one rule, and what a test gives an event or expects of a detection differ from one another.",
    ),
    code(
        "E0506",
        "a window that is none",
        "`within` is a duration longer than nothing.",
    ),
    code(
        "E0507",
        "a key that does not fit the steps",
        "Where the steps' keys are written one by one, each step has exactly one side, which uses fields of that step alone.",
    ),
    code(
        "E0508",
        "a type that is no key",
        "A part of the key is one value, of one type for all steps.",
    ),
    code(
        "E0509",
        "a value that does not fit its key",
        "In `meta`, texts stand in quotes, and `tactics`, `techniques`, `references` and `tags` are lists of texts.",
    ),
    code(
        "E0510",
        "two rules with one id",
        "Detections are identified by the id of their rule.",
    ),
    code(
        "E0511",
        "an exclusion and its rule",
        "An exclusion outside of a rule says after `from` which rules it is about; one inside of a rule is about that rule.",
    ),
    code(
        "E0512",
        "a clause that is missing or stands twice",
        "An exclusion has one `when`, and at most one `reason`, `owner` and `expires`.",
    ),
    code(
        "E0513",
        "a clause with a value that does not fit",
        "`reason` and `owner` are texts, `expires` is a date.",
    ),
    code(
        "E0514",
        "a filter that is not complete",
        "A filter has one `on` and at least one action; `tag` has a text, `drop` and `keep` have none.",
    ),
    code(
        "E0515",
        "a step that hides a list, a table or a constant",
        "A step has the name of a list, a table or a constant, which could then not be used in the rule.",
    ),
    code(
        "E0516",
        "an entry that the form does not have",
        "Each form has its own entries: `without` and steps of several events stand in a `sequence`, choices in a `together`, `having` in a `count` or after a step of several events.",
    ),
    code(
        "E0517",
        "a `count` has one `having`",
        "`having` says what the events of a `count` must add up to.",
    ),
    code(
        "E0518",
        "a number that does not fit",
        "A step stands for at least 1 and at most 1,000,000 events; a choice of n steps takes 1 to n - 1 of them.",
    ),
    code(
        "E0520",
        "an absence that is not beside steps",
        "What must not be there is said of steps that events stand for, the earlier one first.",
    ),
    code(
        "E0521",
        "two steps of several events side by side",
        "Between two steps of several events nothing says where the first ends.",
    ),
    code(
        "E0522",
        "a step that has no event here",
        "A condition cannot name a step that must be absent, one of a choice that may be absent, or, from a step of several events, another such step.",
    ),
    code(
        "E0523",
        "a modifier that has no meaning here",
        "`last` and `every` choose among the events of a step of a `sequence` that one event stands for.",
    ),
    code(
        "E0601",
        "a test that tests nothing",
        "A test has events or records, and at least one expectation.",
    ),
    code(
        "E0602",
        "the time of an event of a test",
        "The time of an event stands after `at`, so `time` is not among the fields that it is given.",
    ),
    code(
        "E0603",
        "not a time",
        "An event of a test happens at a time of day, or at an instant of the calendar.",
    ),
    code(
        "E0604",
        "records that cannot be read",
        "The file of `records` is named relative to the rule file, and lies in the rule set's folder.",
    ),
    code(
        "E0605",
        "a setting with a value that does not fit",
        "`lateness` is a duration, `emission` is `early` or `final`, `today` is a date.",
    ),
    code(
        "E0606",
        "an expectation that says nothing or two things",
        "An expectation counts detections, or matches that exclusions suppress. It can fail.",
    ),
    code(
        "E0607",
        "an expectation about a rule of another test",
        "A test expects something of the rules that it is for.",
    ),
    code(
        "E0608",
        "unknown exclusion",
        "The rule has no exclusion of this name.",
    ),
    code(
        "E0609",
        "a value that detections do not have",
        "A detection has what its rule emits, the parts of the key, and, with the name of the step before it, every field of an event.",
    ),
    code(
        "W0101",
        "an unused list",
        "Nothing asks whether a value is in the list.",
    ),
    code("W0102", "an unused constant", "Nothing uses the constant."),
    code(
        "W0103",
        "an empty list",
        "A list without entries contains nothing, so a condition on it never holds.",
    ),
    code(
        "W0104",
        "an unused table",
        "Nothing looks a row of the table up.",
    ),
    code(
        "W0105",
        "an empty table",
        "A table without rows has no key, so every `lookup` in it is missing.",
    ),
    code(
        "W0201",
        "a condition that decides nothing",
        "The condition has the same result for every event.",
    ),
    code(
        "W0202",
        "conditions that exclude one another",
        "Two conditions that are joined by `and` can never hold together, so what depends on them never happens.",
    ),
    code(
        "W0203",
        "`!=` between two values that can be missing",
        "Missing is equal to missing and different from every value. So `a != b` is true where one of the two is missing, and false where both are. Nothing is said where one side cannot be missing, and where the rule asks `present`, `missing` or `coalesce` about a side.",
    ),
    code(
        "W0204",
        "a modifier on the final step",
        "`last` and `every` choose among the events of a step when a later one comes. After the final step there is none: each of its events is looked at.",
    ),
    code(
        "W0205",
        "a number of events that is never reached",
        "At most 4,096 events of one step are retained for one key. So no more than that, and no more different values, are ever counted, and a rule that asks for more gives no detection.",
    ),
    code(
        "W0301",
        "an expired exclusion",
        "The last day of the exclusion is over, so it no longer applies.",
    ),
    code(
        "W0302",
        "an exclusion that expires soon",
        "The last day of the exclusion is at most thirty days ahead. After it, what was excluded is reported again.",
    ),
    code(
        "W0303",
        "an exclusion that can never hold",
        "The condition of the exclusion and those of its rule exclude one another, so it never suppresses anything.",
    ),
    code(
        "W0401",
        "a rule without an id",
        "Without an `id` the rule's name stands for it, and the ids of its detections change when it is renamed.",
    ),
    code(
        "W0402",
        "an id that is not well formed",
        "The id looks like a UUID and is none, so a letter may be missing.",
    ),
    code(
        "W0501",
        "the records of a test are not there",
        "A test names a file with records, and there is none. The rules run all the same; the test fails.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_no_code_stands_twice() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert_eq!(find("W0203").map(Code::severity), Some(Severity::Warning));
    }
}
