//! The numbers that the page's script shows for a choice are those that the chosen rows give,
//! computed here from the rows themselves.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use asof::model::Number;
use asof::view::format::Format;
use fastrand::Rng;
use serde_json::{Value, json};

use super::random_day::{CROSSED, Day, Row, part};
use crate::support::browser::Browser;

/// Members by their places, for some of the dimensions.
type Choice = Vec<(usize, BTreeSet<usize>)>;

/// A value, or none.
#[derive(Clone, Debug, PartialEq)]
enum Shown {
    Value(Number),
    Null,
    NotKnown,
}

/// Answers for each fragment: the tiles, then the panels.
const ASK: &str = r"(() => {
    const data = opened(JSON.parse(document.getElementById('filter-data').textContent));
    const exact = (a) => a ? `${a.n}e-${a.s}` : null;
    const figure = (figure, at) => [
        exact(figure.value),
        figure === UNKNOWN ? 'not known' : figure.reason ?? null,
        figure.value ? told(data.metrics[at].format, figure.value) : null,
    ];
    return FRAGMENTS.map((fragment) => {
        const choice = placed(data, read(data, fragment).choice);
        return [data.metrics.map((_, at) => figure(chosen(data, choice).figure(at), at)), data.panels.map((panel) => {
            const found = breakdown(data, panel, choice);
            const all = (figures) => figures.map((one, at) => figure(one, panel.metrics[at]));
            const key = (member) => data.dimensions[panel.by].members[member][0];
            return found && {
                rows: found.rows.map(({ member, figures }) => [key(member), all(figures)]),
                rest: found.rest && [found.rest.members, all(found.rest.figures)],
                total: all(found.total),
            };
        })];
    });
})()";

#[test]
fn the_script_gives_for_every_choice_the_numbers_of_the_chosen_rows() {
    let dir = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    for seed in 0..8 {
        let day = Day::made(seed);
        let file = dir.path().join(format!("{seed}.html"));
        std::fs::write(&file, &day.page).unwrap();
        browser.open_file(&file);
        browser.assert_quiet();
        let choices = choices(&day, &mut Rng::with_seed(seed));
        let fragments: Vec<String> = choices.iter().map(|choice| fragment(&day, choice)).collect();
        let answers = browser.script(&ASK.replace("FRAGMENTS", &json!(fragments).to_string()));
        for ((choice, fragment), answer) in choices.iter().zip(&fragments).zip(answers.as_array().unwrap()) {
            let what = format!("day {seed} {fragment}");
            compare(&day, choice, answer, &what);
        }
    }
}

/// Ties above all: a number that lies between two is what most roundings do otherwise.
#[test]
fn the_script_divides_and_rounds_as_the_program_does() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("page.html");
    std::fs::write(&file, Day::made(1).page).unwrap();
    let mut browser = Browser::start();
    browser.open_file(&file);
    let mut rng = Rng::with_seed(1);
    let mut pairs: Vec<(String, String)> = [
        ("1000000000005", "10"),
        ("1000000000015", "10"),
        ("-1000000000015", "10"),
        ("999999999999.5", "1"),
        ("10000000000050000001", "100000000"),
        ("2", "-3"),
        ("0", "-5"),
        ("-0.5", "1"),
        ("5", "0.00"),
        ("1", "3e0"),
    ]
    .map(|(a, b)| (a.to_owned(), b.trim_end_matches("e0").to_owned()))
    .into();
    for _ in 0..1500 {
        let places = |rng: &mut Rng| "0".repeat(rng.usize(0..5));
        let digits = |rng: &mut Rng| {
            let most = 10_i64.pow(rng.u32(1..19));
            rng.i64(-most..most)
        };
        pairs.push((format!("{}.{}5", digits(&mut rng), places(&mut rng)), digits(&mut rng).to_string()));
        pairs.push((format!("{}5", digits(&mut rng)), format!("1{}", places(&mut rng))));
    }
    let told = browser.script(&format!(
        "{}.map(([a, b]) => {{
            const ratio = over(number(a), number(b));
            const formats = [{{ places: 0, at: '' }}, {{ places: 1, at: '%' }}, {{ places: 2, at: '<', unit: '$' }}];
            return [ratio && `${{ratio.n}}e-${{ratio.s}}`, ...formats.map(format => told(format, number(a)))];
        }})",
        json!(pairs)
    ));
    let dollars = Format::of(Some("$"), []);
    for ((a, b), told) in pairs.iter().zip(told.as_array().unwrap()) {
        let (number, by): (Number, Number) = (a.parse().unwrap(), b.parse().unwrap());
        let ratio: Option<Number> = told[0].as_str().map(|text| text.parse().unwrap());
        assert_eq!(ratio, number.ratio(&by), "{a} / {b}");
        for (format, told) in
            [Format::whole(), Format::share(), dollars.clone()].iter().zip(&told.as_array().unwrap()[1..])
        {
            assert_eq!(told, &json!(format.show(&number).html()), "{a}");
        }
    }
}

/// Every member alone, none at all, and many choices of several.
fn choices(day: &Day, rng: &mut Rng) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    for (by, members) in day.members.iter().enumerate() {
        choices.extend((0..members.len()).map(|member| vec![(by, BTreeSet::from([member]))]));
    }
    for _ in 0..40 {
        let mut choice = Choice::new();
        for (by, members) in day.members.iter().enumerate() {
            let some: BTreeSet<usize> = (0..members.len()).filter(|_| rng.bool()).collect();
            if !some.is_empty() && rng.bool() {
                choice.push((by, some));
            }
        }
        choices.push(choice);
    }
    choices
}

/// The choice as it is written in an address, by the test's own hand.
fn fragment(day: &Day, choice: &Choice) -> String {
    let mut text = String::from("#");
    for (at, (by, members)) in choice.iter().enumerate() {
        let _ = write!(text, "{}{}=", if at > 0 { "&" } else { "" }, CROSSED[*by]);
        for (at, member) in members.iter().enumerate() {
            let key = match &day.members[*by][*member] {
                None => "~".to_owned(),
                Some(key) => key
                    .replace('%', "%25")
                    .replace(',', "%2C")
                    .replace('&', "%26")
                    .replace('=', "%3D")
                    .replacen('~', "~~", 1),
            };
            let _ = write!(text, "{}{key}", if at > 0 { "," } else { "" });
        }
    }
    text
}

fn chosen<'a>(day: &'a Day, choice: &Choice) -> Vec<&'a Row> {
    let fits = |row: &&Row| choice.iter().all(|(by, members)| members.contains(&row.members[*by]));
    day.rows.iter().filter(fits).collect()
}

fn compare(day: &Day, choice: &Choice, answer: &Value, what: &str) {
    let names: Vec<&str> = day.doc.metrics.keys().map(String::as_str).collect();
    let rows = chosen(day, choice);
    for (name, told) in names.iter().zip(answer[0].as_array().unwrap()) {
        same(day, name, &expected(name, &rows, choice), told, &format!("{what}: {name}"));
    }
    // The panels stand in the order of the configuration: by hour, a, b, and l, which is not crossed.
    assert!(answer[1][3].is_null(), "{what}");
    for (panel, by) in [2, 0, 1].into_iter().enumerate() {
        let told = &answer[1][panel];
        // Distinct counts, and what is made of them, are broken down by `a` only.
        let here = |name: &&&str| by == 0 || !["kinds", "apart"].contains(name);
        let names: Vec<&str> = names.iter().filter(here).copied().collect();
        let with = |members: BTreeSet<usize>| -> Choice {
            let others = choice.iter().filter(|(other, _)| *other != by).cloned();
            others.chain([(by, members)]).collect()
        };
        let figures = |members: BTreeSet<usize>| -> Vec<Shown> {
            let choice = with(members);
            let rows = chosen(day, &choice);
            names.iter().map(|name| expected(name, &rows, &choice)).collect()
        };
        let all: BTreeSet<usize> = day.rows.iter().map(|row| row.members[by]).collect();
        let mut members: Vec<usize> =
            rows.iter().map(|row| row.members[by]).collect::<BTreeSet<_>>().into_iter().collect();
        if by != 2 {
            members.sort_by_key(|member| {
                std::cmp::Reverse(rows.iter().filter(|row| row.members[by] == *member).count())
            });
        }
        let cut = if by == 2 || all.len() <= 4 || members.len() <= 4 { members.len() } else { 3 };
        let rest: BTreeSet<usize> = members.split_off(cut).into_iter().collect();
        let told_rows = told["rows"].as_array().unwrap();
        assert_eq!(told_rows.len(), members.len(), "{what} by {}", CROSSED[by]);
        assert_eq!(told["total"].as_array().unwrap().len(), names.len(), "{what}");
        for (member, told) in members.iter().zip(told_rows) {
            assert_eq!(told[0], json!(day.members[by][*member]), "{what}");
            for ((name, shown), told) in
                names.iter().zip(figures([*member].into())).zip(told[1].as_array().unwrap())
            {
                same(day, name, &shown, told, &format!("{what}: {name} by {} {member}", CROSSED[by]));
            }
        }
        if rest.is_empty() {
            assert!(told["rest"].is_null(), "{what}");
        } else {
            assert_eq!(told["rest"][0], json!(rest.len()), "{what}");
            for ((name, shown), told) in
                names.iter().zip(figures(rest)).zip(told["rest"][1].as_array().unwrap())
            {
                same(day, name, &shown, told, &format!("{what}: the rest of {name} by {}", CROSSED[by]));
            }
        }
        for ((name, shown), told) in names
            .iter()
            .zip(names.iter().map(|name| expected(name, &rows, choice)))
            .zip(told["total"].as_array().unwrap())
        {
            same(day, name, &shown, told, &format!("{what}: all of {name} by {}", CROSSED[by]));
        }
    }
}

fn same(day: &Day, metric: &str, shown: &Shown, told: &Value, what: &str) {
    match shown {
        Shown::Value(value) => {
            let exact: Number = told[0].as_str().unwrap_or_else(|| panic!("{what}: {told}")).parse().unwrap();
            assert_eq!(exact.to_string().parse::<Number>().unwrap(), *value, "{what}");
            let text = Format::of_metric(&day.doc.metrics[metric]).show(value).html();
            assert_eq!(told[2], json!(text), "{what}");
        }
        Shown::Null => {
            assert!(told[0].is_null() && told[1] != json!("not known"), "{what}: {told}");
        }
        Shown::NotKnown => assert_eq!((&told[0], &told[1]), (&Value::Null, &json!("not known")), "{what}"),
    }
}

/// What a metric is over these rows, which are those of this choice.
fn expected(metric: &str, rows: &[&Row], choice: &Choice) -> Shown {
    let known = |value: Option<Number>| value.map_or(Shown::Null, Shown::Value);
    let number = |text: &str| text.parse::<Number>().unwrap();
    let sum = |column: &str| {
        let nothing = part(&format!("{column}.rows"), rows).unwrap().is_zero();
        part(&format!("{column}.sum"), rows).or_else(|| nothing.then(Number::zero))
    };
    let ratio =
        |above: &str, below: &str| match (expected(above, rows, choice), expected(below, rows, choice)) {
            (Shown::Value(above), Shown::Value(below)) => known(above.ratio(&below)),
            (Shown::NotKnown, _) | (Shown::Value(_), Shown::NotKnown) => Shown::NotKnown,
            _ => Shown::Null,
        };
    match metric {
        "n" | "some" | "never" => known(part(&format!("{metric}.count"), rows)),
        "total" | "picked" => known(sum(metric)),
        "sixth" => known(sum(metric).and_then(|sum| sum.ratio(&number("60")))),
        "low" => known(part("low.min", rows)),
        "high" => known(part("high.max", rows).and_then(|high| high.ratio(&number("7")))),
        "mean" => known(
            part("mean.sum", rows)
                .and_then(|sum| sum.ratio(&part("mean.count", rows).unwrap().times(&number("3")))),
        ),
        "kinds" => match choice.as_slice() {
            _ if rows.is_empty() => Shown::Value(Number::zero()),
            [] => known(part("kinds.distinct", rows)),
            [(0, _)] if rows.iter().all(|row| row.members[0] == rows[0].members[0]) => {
                known(part("kinds.distinct", rows))
            }
            _ => Shown::NotKnown,
        },
        "part" => ratio("some", "n"),
        "each" => ratio("total", "n"),
        "odd" => ratio("mean", "low"),
        "none" => ratio("total", "never"),
        "apart" => ratio("kinds", "n"),
        "month" => Shown::NotKnown,
        other => panic!("{other}"),
    }
}
