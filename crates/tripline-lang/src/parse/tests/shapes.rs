//! What texts mean as trees: precedence, places, literals.

use super::*;
use crate::ast::{BinaryOp, Entry, Expr, ExprKind, Item, PathStep, Section};

/// The value of `let x = …`.
fn value(text: &str) -> Expr {
    let mut file = read(&format!("let x = {text}"));
    let Some(Item::Let(constant)) = file.items.pop() else {
        panic!("no let in {text}")
    };
    constant.value
}

/// An expression with every bracket written, which shows what binds what.
fn shown(expr: &Expr) -> String {
    let join = |parts: &[Expr], by: &str| {
        format!("({})", parts.iter().map(shown).collect::<Vec<_>>().join(by))
    };
    match &expr.kind {
        ExprKind::Text(text) => format!("{text:?}"),
        ExprKind::Number(text)
        | ExprKind::Date(text)
        | ExprKind::Address(text)
        | ExprKind::Name(text) => text.clone(),
        ExprKind::Quantity { number, unit } => format!("{number}·{unit}"),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Missing => "missing".to_owned(),
        ExprKind::Regex(pattern) => format!("/{pattern}/"),
        ExprKind::List(parts) => format!(
            "[{}]",
            parts.iter().map(shown).collect::<Vec<_>>().join(", ")
        ),
        ExprKind::Path(steps) => steps.iter().map(path_step).collect(),
        ExprKind::Member { of, step, .. } => format!("{}→{}", shown(of), path_step(step)),
        ExprKind::Call {
            name,
            args,
            condition: None,
        } => format!("{}{}", name.text, join(args, ", ")),
        ExprKind::Call {
            name,
            args,
            condition: Some(condition),
        } => format!(
            "{}{}",
            name.text,
            join(args, ", ").replacen(')', &format!(" where {})", shown(condition)), 1)
        ),
        ExprKind::Lambda { param, body } => format!("{} => {}", param.text, shown(body)),
        ExprKind::Not(of) => format!("(not {})", shown(of)),
        ExprKind::Negate(of) => format!("(- {})", shown(of)),
        ExprKind::And(parts) => join(parts, " and "),
        ExprKind::Or(parts) => join(parts, " or "),
        ExprKind::Coalesce(parts) => join(parts, " ?? "),
        ExprKind::Binary {
            op,
            nocase,
            left,
            right,
            ..
        } => {
            format!(
                "({} {op:?}{} {})",
                shown(left),
                if *nocase { "~" } else { "" },
                shown(right)
            )
        }
    }
}

fn path_step(step: &PathStep) -> String {
    match step {
        PathStep::Key(key) => format!(".{key}"),
        PathStep::Index(index) => format!("[{index}]"),
        PathStep::Each => "[*]".to_owned(),
    }
}

#[test]
fn the_seed_rule_its_exclusions_and_everything_else_read() {
    assert_eq!(read(SEED_RULE).items.len(), 1);
    assert_eq!(read(SEED_EXCLUSIONS).items.len(), 6);
    assert_eq!(read(EVERYTHING).items.len(), 9);
}

#[test]
fn operators_bind_by_their_precedence() {
    for (text, tree) in [
        ("a or b and not c == d", "(a or (b and (not (c Equal d))))"),
        ("a and b or c and d", "((a and b) or (c and d))"),
        ("a or b or c", "(a or b or c)"),
        ("(a or b) or c", "((a or b) or c)"),
        ("not not a", "(not (not a))"),
        (
            "a ?? b ?? c == d + e * f",
            "((a ?? b ?? c) Equal (d Add (e Multiply f)))",
        ),
        ("a - b - c", "((a Subtract b) Subtract c)"),
        ("a / b * c", "((a Divide b) Multiply c)"),
        ("-a.b * 2", "((- a→.b) Multiply 2)"),
        ("-3 - -4", "(-3 Subtract -4)"),
        ("- -3", "(- -3)"),
        ("-10m", "(- 10·m)"),
        ("a not in b", "(a NotIn b)"),
        ("not a in b", "(not (a In b))"),
        ("a in nocase [b, c]", "(a In~ [b, c])"),
        ("a == nocase b", "(a Equal~ b)"),
        (
            "a contains nocase \"x\" and b has \"y\"",
            "((a Contains~ \"x\") and (b Has \"y\"))",
        ),
        ("a matches /b\\/c\\d/ or d", "((a Matches /b/c\\d/) or d)"),
        ("a / b / c", "((a Divide b) Divide c)"),
        (
            "any(a, t => t.b == 1 and t.c[*] in d)",
            "any(a, t => ((t→.b Equal 1) and (t→.c→[*] In d)))",
        ),
        ("find(.a.b, r => r.c).d", "find(.a.b, r => r→.c)→.d"),
        (".a.\"b c\"[0][*].where", ".a.b c[0][*].where"),
        (
            "missing(a) or a == missing",
            "(missing(a) or (a Equal missing))",
        ),
        ("a in 10.0.0.0/8", "(a In 10.0.0.0/8)"),
        ("2027-06-30 - 1.5h", "(2027-06-30 Subtract 1.5·h)"),
        (
            "2027-06-30T10:00:00.123+02:00",
            "2027-06-30T10:00:00.123+02:00",
        ),
        ("10min", "10·min"),
        ("\"a\\\"\\\\\\n\\u{e9}\"", "\"a\\\"\\\\\\né\""),
        (
            "user + time * id / key - last",
            "((user Add ((time Multiply id) Divide key)) Subtract last)",
        ),
    ] {
        assert_eq!(shown(&value(text)), tree, "{text}");
    }
}

#[test]
fn places_are_exact() {
    let text = "let x = ( a  or b )  // c\nlet y = f( 1 ) .b";
    let file = read(text);
    let places: Vec<&str> = file
        .items
        .iter()
        .map(|item| match item {
            Item::Let(constant) => constant.span,
            _ => panic!("only lets"),
        })
        .map(|span| &text[span.start as usize..span.end as usize])
        .collect();
    assert_eq!(places, ["let x = ( a  or b )", "let y = f( 1 ) .b"]);
    let seed = read(SEED_RULE);
    let Some(Item::Rule(rule)) = seed.items.first() else {
        panic!("no rule")
    };
    let Some(Section::Form(sequence)) = rule
        .sections
        .iter()
        .find(|section| matches!(section, Section::Form(_)))
    else {
        panic!("no sequence")
    };
    let Some(Entry::Step(first)) = sequence.entries.first() else {
        panic!("no step")
    };
    let slice = |span: crate::source::Span| &SEED_RULE[span.start as usize..span.end as usize];
    assert_eq!(slice(sequence.keys[0].span), "user");
    assert_eq!(slice(sequence.within.as_ref().unwrap().span), "10m");
    assert_eq!(
        slice(first.span),
        "login = last signin where interactive and result == 0"
    );
    assert_eq!(
        slice(first.condition.as_ref().unwrap().span),
        "interactive and result == 0"
    );
    assert!(matches!(
        first.condition.as_ref().unwrap().kind,
        ExprKind::And(_)
    ));
    assert!(
        slice(sequence.span).starts_with("sequence")
            && slice(sequence.span).ends_with("login.asn\n  }")
    );
}

#[test]
fn places_after_a_mended_error_are_those_of_the_file() {
    let text = "rule a {\n  mta { x = \"y\" }\n  match { e = s where b == c }\n}";
    let (file, problems) = parse(text);
    assert_eq!(problems.len(), 1);
    let Some(Item::Rule(rule)) = file.items.first() else {
        panic!("no rule")
    };
    let Some(Section::Form(form)) = rule.sections.get(1) else {
        panic!("no match")
    };
    let Some(Entry::Step(step)) = form.entries.first() else {
        panic!("no step")
    };
    let condition = step.condition.as_ref().unwrap();
    assert_eq!(
        &text[condition.span.start as usize..condition.span.end as usize],
        "b == c"
    );
    let ExprKind::Binary {
        op: BinaryOp::Equal,
        op_span,
        ..
    } = condition.kind
    else {
        panic!("no comparison")
    };
    assert_eq!(&text[op_span.start as usize..op_span.end as usize], "==");
}

#[test]
fn a_step_modifier_is_any_word_before_the_schema() {
    let file = read(
        "rule a { sequence by u within 1h { a = lst signin where x b = signin c = every signin d = any signin } }",
    );
    let Some(Item::Rule(rule)) = file.items.first() else {
        panic!("no rule")
    };
    let Some(Section::Form(sequence)) = rule.sections.first() else {
        panic!("no sequence")
    };
    let steps: Vec<(&str, Option<&str>)> = sequence
        .entries
        .iter()
        .map(|entry| {
            let Entry::Step(step) = entry else {
                panic!("no step")
            };
            (
                step.schema.text.as_str(),
                step.modifier.as_ref().map(|word| word.text.as_str()),
            )
        })
        .collect();
    assert_eq!(
        steps,
        [
            ("signin", Some("lst")),
            ("signin", None),
            ("signin", Some("every")),
            ("signin", Some("any"))
        ]
    );
}

#[test]
fn words_of_the_language_are_names_where_nothing_is_unclear() {
    read(
        "schema list { accept .rule == 1 accept : int = .accept match : string = .a meta : int = .b on : int = .from }",
    );
    read(
        "rule rule { match { match = list where meta == 1 and from.emit == file } emit { list rule = match.exclude } }",
    );
}

#[test]
fn reserved_words_are_the_same_in_the_grammar_and_the_tokens() {
    for word in super::super::lexical::RESERVED {
        assert!(
            !parse(&format!("let {word} = 1")).1.is_empty(),
            "`{word}` reads as a name"
        );
    }
    for word in super::super::spelling::KEYWORDS {
        let is_name = parse(&format!("let {word} = 1")).1.is_empty();
        assert_ne!(
            is_name,
            super::super::lexical::RESERVED.contains(word),
            "`{word}`"
        );
    }
}

#[test]
fn all_errors_of_a_file_are_told() {
    let told = told(
        "let a = 1 +\nlet b = 2\nrule c { mtch { e = s } }\nlist d : string = [\"x\"\nexclude \"e\" from c { when f = 1 }\n",
    );
    let codes: Vec<&str> = told.iter().map(|line| &line[..5]).collect();
    assert_eq!(codes, ["E0101", "E0103", "E0104", "E0114"], "{told:#?}");
}

/// Wrong texts, each with what is told about it.
#[test]
fn errors_read_well() {
    let wrong = include_str!("errors.txt");
    let mut page = String::new();
    for text in wrong.split("\n----\n") {
        page.push_str(&format!("{text}\n"));
        for line in told(text) {
            page.push_str(&format!("    => {line}\n"));
        }
        page.push('\n');
    }
    insta::assert_snapshot!(page);
}

#[test]
fn blanks_inside_the_brackets_of_a_path_mean_nothing() {
    let close = read("schema s { a : [string] = .b[0][*].c[12] }");
    let wide = read("schema s { a : [string] = .b[ 0 ][ *\t].c[\t12 ] }");
    assert!(super::super::ast_eq(&close, &wide));
    assert_eq!(
        crate::format(FileId(0), "schema s { a : [string] = .b[ 0 ][ * ] }").unwrap(),
        crate::format(FileId(0), "schema s { a : [string] = .b[0][*] }").unwrap()
    );
}
