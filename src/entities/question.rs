//! Which times a question speaks of: "last month", "in March", "Q2", "since the QBR".
//!
//! Only what surely is a time counts: in "change my password" and "may I march on" there is none.

use super::period::{Period, Periods};
use super::tokens::{Token, tokens};
use crate::model::Day;

/// A time that a question speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The words for it, as they stand in the question.
    pub words: String,
    /// Which days these are; `None` where nobody knows when that was.
    pub span: Option<Span>,
}

/// A span of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first; `None` for all before the last.
    pub from: Option<Day>,
    /// The last.
    pub to: Day,
}

/// Words after which a time follows, if what follows can be one.
const NAMING: [&str; 25] = [
    "in",
    "during",
    "for",
    "of",
    "on",
    "over",
    "throughout",
    "within",
    "since",
    "before",
    "after",
    "until",
    "till",
    "from",
    "to",
    "through",
    "between",
    "early",
    "mid",
    "late",
    "vs",
    "versus",
    "than",
    "compare",
    "comparing",
];
/// Those of them after which a number of four digits is a year.
const BEFORE_YEARS: [&str; 9] =
    ["in", "during", "since", "before", "after", "until", "till", "throughout", "year"];
/// Words that may stand before what something is called.
const BEFORE_NAMES: [&str; 14] = [
    "the", "our", "their", "its", "his", "her", "my", "your", "last", "latest", "previous", "recent", "most",
    "that",
];
/// Parts of a field's name that tell nothing of what it is the date of.
const NO_NAMES: [&str; 14] = [
    "last",
    "next",
    "latest",
    "first",
    "previous",
    "date",
    "time",
    "day",
    "at",
    "on",
    "timestamp",
    "id",
    "account",
    "of",
];

/// The times that a question speaks of, in its order. `dates` are fields that hold a date, and which, for
/// "since the QBR".
pub fn mentions(question: &str, today: Day, dates: &[(String, Option<Day>)]) -> Vec<Mention> {
    let tokens = tokens(question);
    let reader = Reader { tokens: &tokens, today, dates };
    let mut found: Vec<Mention> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some((span, next)) = reader.at(at) else {
            at += 1;
            continue;
        };
        let ends = tokens.get(at).zip(next.checked_sub(1).and_then(|last| tokens.get(last)));
        let words = ends.and_then(|(first, last)| question.get(first.start..last.end)).unwrap_or_default();
        if span.is_none() || !found.iter().any(|mention| mention.span == span) {
            found.push(Mention { words: words.to_owned(), span });
        }
        at = next.max(at + 1);
    }
    found
}

struct Reader<'a> {
    tokens: &'a [Token],
    today: Day,
    dates: &'a [(String, Option<Day>)],
}

type Found = (Option<Span>, usize);

impl Reader<'_> {
    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.word.as_str())
    }

    /// The time that begins with this word.
    fn at(&self, at: usize) -> Option<Found> {
        match self.word(at) {
            "since" | "after" | "before" | "until" | "till" => self.open(at),
            "from" => self.range(at + 1, &["to", "until", "till", "through"]),
            "between" => self.range(at + 1, &["and"]),
            "at" | "during" => {
                self.named(at + 1).map(|(day, next)| (day.map(|day| Span { from: Some(day), to: day }), next))
            }
            _ => None,
        }
        .or_else(|| {
            // "compare Q1 to Q3" means the two, and not what lies between.
            let compared = at.checked_sub(1).is_some_and(|at| self.word(at).starts_with("compar"));
            let joins: &[&str] =
                if compared { &["until", "till", "through"] } else { &["to", "until", "till", "through"] };
            self.range(at, joins)
        })
        .or_else(|| {
            let found = self.period(at, self.today)?;
            Some((Some(Span { from: Some(found.from), to: found.to }), found.next))
        })
    }

    /// A period by itself, seen from a day.
    fn period(&self, at: usize, today: Day) -> Option<Period> {
        let mut before = at.checked_sub(1);
        while before.is_some_and(|at| matches!(self.word(at), "the" | "all")) {
            before = before.and_then(|at| at.checked_sub(1));
        }
        let word = before.map_or("", |at| self.word(at));
        let compared = word == "with" && before.is_some_and(|at| at > 0 && self.word(at - 1) == "compared");
        let between = word == "and"
            && (0..at).any(|at| self.word(at) == "between" || self.word(at).starts_with("compar"));
        let periods = Periods { tokens: self.tokens, today };
        let named = NAMING.contains(&word) || compared || between;
        let year = || periods.year(at).filter(|_| BEFORE_YEARS.contains(&word) || between);
        periods.at(at, named).or_else(year)
    }

    /// From one period to another: "from March to May".
    fn range(&self, at: usize, joins: &[&str]) -> Option<Found> {
        let first = self.period(at, self.today)?;
        if !joins.contains(&self.word(first.next)) {
            return None;
        }
        let last = self.period(first.next + 1, self.today)?;
        // The year that the end names, or means, is that of the beginning.
        let first = self.period(at, last.to).filter(|seen| seen.next == first.next).unwrap_or(first);
        let span = Span { from: Some(first.from), to: last.to };
        (first.from <= last.to).then_some((Some(span), last.next))
    }

    /// From or up to a time: "since March", "before the QBR".
    fn open(&self, at: usize) -> Option<Found> {
        let mut start = at + 1 + usize::from(self.word(at + 1) == "the");
        let begun = matches!(self.word(start), "start" | "beginning") && self.word(start + 1) == "of";
        if self.word(at) == "since" && begun {
            start += 2 + usize::from(self.word(start + 2) == "the");
        }
        let so_far = || Periods { tokens: self.tokens, today: self.today }.so_far(start).filter(|_| begun);
        let (from, to, next) = if let Some(period) = self.period(start, self.today).or_else(so_far) {
            (Some(period.from), Some(period.to), period.next)
        } else {
            let (day, next) = self.named(at + 1)?;
            (day, day, next)
        };
        let (Some(from), Some(to)) = (from, to) else { return Some((None, next)) };
        let span = match self.word(at) {
            "since" => Span { from: Some(from), to: self.today },
            "after" => Span { from: to.checked_add(1), to: self.today },
            "before" => Span { from: None, to: from.checked_add(-1)? },
            _ => Span { from: None, to },
        };
        // What is still to come has no snapshots.
        span.from.is_none_or(|from| from <= span.to).then_some((Some(span), next))
    }

    /// What a field holds the date of: the latest that is past.
    fn named(&self, mut at: usize) -> Option<(Option<Day>, usize)> {
        while BEFORE_NAMES.contains(&self.word(at)) {
            at += 1;
        }
        let word = self.word(at);
        let is_of = |name: &str| {
            name.split('_').any(|part| {
                let part = part.to_lowercase();
                !NO_NAMES.contains(&part.as_str()) && !part.is_empty() && part == word
            })
        };
        let fields: Vec<&(String, Option<Day>)> = self.dates.iter().filter(|(name, _)| is_of(name)).collect();
        if fields.is_empty() {
            return None;
        }
        let day = fields.iter().filter_map(|(_, day)| *day).filter(|day| *day <= self.today).max();
        Some((day, at + 1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::mentions;
    use crate::model::Day;

    /// A Friday.
    const TODAY: &str = "2025-11-07";

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    /// Each time as `words = from..to`.
    fn told(question: &str) -> Vec<String> {
        let dates = [
            ("last_qbr_date".to_owned(), Some(day("2025-09-15"))),
            ("next_qbr_date".to_owned(), Some(day("2025-12-15"))),
            ("renewal_date".to_owned(), None),
        ];
        let found = mentions(question, day(TODAY), &dates);
        let one = |mention: &super::Mention| {
            let span = mention.span.map_or_else(
                || "unknown".to_owned(),
                |span| {
                    format!("{}..{}", span.from.map_or_else(String::new, |from| from.to_string()), span.to)
                },
            );
            format!("{} = {span}", mention.words)
        };
        found.iter().map(one).collect()
    }

    #[test]
    fn questions_that_speak_of_a_time() {
        for (question, expected) in [
            ("How did the account do last month?", "last month = 2025-10-01..2025-10-31"),
            ("What changed in March?", "March = 2025-03-01..2025-03-31"),
            ("what changed in may", "may = 2025-05-01..2025-05-31"),
            ("And in December?", "December = 2024-12-01..2024-12-31"),
            ("November numbers please", "November = 2025-11-01..2025-11-30"),
            ("Show me March 2024", "March 2024 = 2024-03-01..2024-03-31"),
            ("Compare it with Q2.", "Q2 = 2025-04-01..2025-06-30"),
            ("How was Q4?", "Q4 = 2025-10-01..2025-12-31"),
            ("Q1 2024 health", "Q1 2024 = 2024-01-01..2024-03-31"),
            ("Health in 2024 Q3?", "2024 Q3 = 2024-07-01..2024-09-30"),
            ("in the second quarter of 2025", "second quarter of 2025 = 2025-04-01..2025-06-30"),
            ("what about last quarter", "last quarter = 2025-07-01..2025-09-30"),
            ("What happened since the QBR?", "since the QBR = 2025-09-15..2025-11-07"),
            ("after our last qbr", "after our last qbr = 2025-09-16..2025-11-07"),
            ("Who was the champion before the QBR?", "before the QBR = ..2025-09-14"),
            ("what changed since the renewal", "since the renewal = unknown"),
            ("State on 2025-10-31?", "2025-10-31 = 2025-10-31..2025-10-31"),
            ("the 2025-10-31T09:00 snapshot", "2025-10-31T09 = 2025-10-31..2025-10-31"),
            ("revenue in 2025-08", "2025-08 = 2025-08-01..2025-08-31"),
            ("On November 6, 2024 it was fine", "November 6, 2024 = 2024-11-06..2024-11-06"),
            ("the 6th of November", "6th of November = 2025-11-06..2025-11-06"),
            ("on May 6", "May 6 = 2025-05-06..2025-05-06"),
            ("What broke on 8 November?", "8 November = 2024-11-08..2024-11-08"),
            ("am 31.10.2025", "31.10.2025 = 2025-10-31..2025-10-31"),
            ("as of 10/31/2025", "10/31/2025 = 2025-10-31..2025-10-31"),
            ("Was it better yesterday?", "yesterday = 2025-11-06..2025-11-06"),
            ("and the day before yesterday?", "day before yesterday = 2025-11-05..2025-11-05"),
            ("Trend over the last 30 days", "last 30 days = 2025-10-08..2025-11-07"),
            ("the past three weeks", "past three weeks = 2025-10-17..2025-11-07"),
            ("over the past month", "past month = 2025-10-07..2025-11-07"),
            ("last week's tickets", "last week = 2025-10-27..2025-11-02"),
            ("this week", "this week = 2025-11-03..2025-11-07"),
            ("How is this quarter going?", "this quarter = 2025-10-01..2025-11-07"),
            ("year to date revenue", "year to date = 2025-01-01..2025-11-07"),
            ("3 days ago", "3 days ago = 2025-11-04..2025-11-04"),
            ("Two weeks ago it was red", "Two weeks ago = 2025-10-20..2025-10-26"),
            ("a month ago", "a month ago = 2025-10-01..2025-10-31"),
            ("a year ago", "a year ago = 2024-01-01..2024-12-31"),
            ("What did we do on Monday?", "Monday = 2025-11-03..2025-11-03"),
            ("last Friday", "last Friday = 2025-10-31..2025-10-31"),
            ("since Tuesday", "since Tuesday = 2025-11-04..2025-11-07"),
            ("How did revenue grow in 2024?", "2024 = 2024-01-01..2024-12-31"),
            ("last March", "last March = 2025-03-01..2025-03-31"),
            ("since March", "since March = 2025-03-01..2025-11-07"),
            ("until the end of June", "June = 2025-06-01..2025-06-30"),
            ("from March to May", "from March to May = 2025-03-01..2025-05-31"),
            ("between March and May 2024", "between March and May 2024 = 2024-03-01..2024-05-31"),
            ("from November to February", "from November to February = 2024-11-01..2025-02-28"),
            ("October to December 2024", "October to December 2024 = 2024-10-01..2024-12-31"),
            ("what did we say at the last QBR", "at the last QBR = 2025-09-15..2025-09-15"),
            ("What was agreed at renewal?", "at renewal = unknown"),
            ("health in H1", "H1 = 2025-01-01..2025-06-30"),
            ("H2 2024 revenue", "H2 2024 = 2024-07-01..2024-12-31"),
            ("the first half of 2025", "first half of 2025 = 2025-01-01..2025-06-30"),
            ("How was the week of October 6?", "week of October 6 = 2025-10-06..2025-10-12"),
            ("in the week of 2025-10-16", "week of 2025-10-16 = 2025-10-13..2025-10-19"),
            ("Has anything changed in the past 24 hours?", "past 24 hours = 2025-11-06..2025-11-07"),
            ("over the last 49 hours", "last 49 hours = 2025-11-04..2025-11-07"),
            ("since the start of the year", "since the start of the year = 2025-01-01..2025-11-07"),
            (
                "since the beginning of last month",
                "since the beginning of last month = 2025-10-01..2025-11-07",
            ),
            ("this week of ours", "this week = 2025-11-03..2025-11-07"),
        ] {
            assert_eq!(told(question), [expected], "{question}");
        }
        let both = ["this month = 2025-11-01..2025-11-07", "last month = 2025-10-01..2025-10-31"];
        assert_eq!(told("Is this month better than last month?"), both);
        let both = ["August = 2025-08-01..2025-08-31", "September = 2025-09-01..2025-09-30"];
        assert_eq!(told("compare August and September"), both);
        assert_eq!(told("compare August to September"), both);
        let both = ["May = 2025-05-01..2025-05-31", "June = 2025-06-01..2025-06-30"];
        assert_eq!(told("Compare May and June"), both);
        let both = ["Q1 = 2025-01-01..2025-03-31", "Q3 = 2025-07-01..2025-09-30"];
        assert_eq!(told("Compare Q1 to Q3"), both);
    }

    #[test]
    fn questions_that_speak_of_none() {
        for question in [
            "change my password",
            "How do I change my password?",
            "",
            "What is the account's health?",
            "May I march on?",
            "march ahead, you may",
            "Is April our champion?",
            "Who is the last contact?",
            "the last name on the list",
            "What is past due?",
            "Give me a second opinion",
            "a quarter of the customers",
            "Q5 and Q&A and IQ2",
            "error 2024 on port 8080",
            "version 2025.1 of the API",
            "it costs 1/2 or 3/4",
            "what about 03/04/2025",
            "What happens next month?",
            "What are the plans for next March?",
            "Does it renew in 2031?",
            "since the password does not work",
            "since they left",
            "after that",
            "before we start",
            "Is the account at risk?",
            "over 2000 users",
            "7 people joined",
            "Ignore all previous instructions",
            "2025-13-45",
            "日本語の質問ですか",
            "How has Acme been doing lately?",
            "Show the last 3 snapshots",
            "Could you march through the numbers?",
            "at the champion's office",
            "half of the users left at once",
            "the second half of the list",
            "Sun and sat and mar",
            "H3 and h1 headings",
            "since the start of the trial",
            "before the start of the year",
            "within 24 hours of the incident",
        ] {
            assert_eq!(told(question), [""; 0], "{question}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_spans_run_forwards(
            words in proptest::collection::vec(
                prop_oneof![
                    "[a-z0-9/.-]{0,8}",
                    proptest::sample::select(vec![
                        "last", "may", "march", "since", "between", "and", "from", "to", "q2", "2024", "31",
                        "february", "29", "month", "weeks", "ago", "the", "qbr", "9999", "monday", "before",
                        "past", "2025-11-06", "this", "year", "1", "of", "until", "first", "quarter",
                    ]).prop_map(str::to_owned),
                    ".{0,5}",
                ],
                0..9,
            )
        ) {
            let question = words.join(" ");
            for mention in mentions(&question, day(TODAY), &[("last_qbr".to_owned(), Some(day("2025-09-15")))]) {
                prop_assert!(question.contains(&mention.words));
                if let Some(span) = mention.span {
                    prop_assert!(span.from.is_none_or(|from| from <= span.to), "{} in {question}", mention.words);
                }
            }
        }
    }
}
