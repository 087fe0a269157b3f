//! The names of statistics, formed from what people call the metrics: `Calls` gives `totalCalls`.

use std::collections::BTreeSet;

/// Names that a row has beside its statistics.
pub(super) const TAKEN: [&str; 5] = ["date", "edition", "provenance", "frozen", "odd"];

/// What kind of number a metric gives, as far as names go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Count,
    Distinct,
    Cumulative,
    Other,
}

impl Kind {
    /// What stands before the label in the name of each of its statistics.
    fn prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Count => &["total"],
            Self::Distinct => &["unique"],
            Self::Cumulative => &["unique", "new", "cumulativeUnique"],
            Self::Other => &[""],
        }
    }

    /// Words that the prefix says already, where they begin a label.
    fn said(self) -> &'static [&'static str] {
        match self {
            Self::Count => &["total"],
            Self::Distinct | Self::Cumulative => &["unique", "distinct"],
            Self::Other => &[],
        }
    }
}

/// The label without a leading word that says what kind of number it is: `Unique phones` gives `phones`.
pub(super) fn counted(kind: Kind, label: &str) -> &str {
    let label = label.trim();
    let rest = label.split_once(char::is_whitespace).filter(|(first, rest)| {
        kind.said().iter().any(|said| said.eq_ignore_ascii_case(first))
            && rest.contains(char::is_alphanumeric)
    });
    rest.map_or(label, |(_, rest)| rest.trim_start())
}

/// The names of a metric's statistics: the day's value, and for a cumulative one what was new and all until then.
/// None of them is in `taken`, to which they are added.
pub(super) fn names(kind: Kind, label: &str, metric: &str, taken: &mut BTreeSet<String>) -> Vec<String> {
    let mut stem = words(counted(kind, label));
    if stem.is_empty() {
        stem = words(metric);
    }
    let of_label: Vec<String> = kind.prefixes().iter().map(|prefix| joined(prefix, &stem)).collect();
    let free = |names: &[String]| names.iter().all(|name| !name.is_empty() && !taken.contains(name));
    let mut names = of_label;
    let mut more = String::new();
    while !free(&names) {
        names = kind.prefixes().iter().map(|prefix| of_metric(kind, prefix, metric) + &more).collect();
        more.push('_');
    }
    taken.extend(names.iter().cloned());
    names
}

/// A name made of the configuration's: the day's value has it as it is.
fn of_metric(kind: Kind, prefix: &str, metric: &str) -> String {
    if kind.prefixes().first() == Some(&prefix) { metric.to_owned() } else { format!("{prefix}_{metric}") }
}

/// The words of a label: letters and digits of any script. An apostrophe does not end a word.
fn words(label: &str) -> Vec<String> {
    let label: String = label.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let words = label.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// A prefix and words, each word but the first of all with a capital.
fn joined(prefix: &str, words: &[String]) -> String {
    let mut name = prefix.to_owned();
    for word in words {
        // A word all in capitals would make it hard to see where the next one begins.
        let shouted = word.chars().nth(1).is_some() && !word.chars().any(char::is_lowercase);
        let word = if shouted { word.to_lowercase() } else { word.clone() };
        let mut letters = word.chars();
        let Some(first) = letters.next() else { continue };
        if name.is_empty() {
            name.extend(first.to_lowercase());
        } else {
            name.extend(first.to_uppercase());
        }
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{Kind, TAKEN, counted, names};

    fn named(kind: Kind, label: &str, metric: &str) -> Vec<String> {
        names(kind, label, metric, &mut TAKEN.map(str::to_owned).into())
    }

    #[test]
    fn names_are_formed_from_labels() {
        assert_eq!(named(Kind::Count, "Calls", "calls"), ["totalCalls"]);
        assert_eq!(named(Kind::Count, "Opt-ins", "opt_ins"), ["totalOptIns"]);
        assert_eq!(named(Kind::Count, "Total calls", "calls"), ["totalCalls"]);
        assert_eq!(named(Kind::Count, "Agents' SMS sent", "sms"), ["totalAgentsSmsSent"]);
        assert_eq!(
            named(Kind::Cumulative, "Unique phones", "phones"),
            ["uniquePhones", "newPhones", "cumulativeUniquePhones"]
        );
        assert_eq!(named(Kind::Distinct, "distinct  agents", "agents"), ["uniqueAgents"]);
        assert_eq!(named(Kind::Distinct, "Unique", "u"), ["uniqueUnique"]);
        assert_eq!(named(Kind::Other, "Minutes", "minutes"), ["minutes"]);
        assert_eq!(named(Kind::Other, "Conversion of the week", "week"), ["conversionOfTheWeek"]);
        assert_eq!(named(Kind::Other, "AHT", "aht"), ["aht"]);
        assert_eq!(named(Kind::Other, "% answered in 20 s", "quick"), ["answeredIn20S"]);
    }

    #[test]
    fn letters_of_any_script_are_kept() {
        assert_eq!(named(Kind::Count, "Anrufe über Köln", "calls"), ["totalAnrufeÜberKöln"]);
        assert_eq!(named(Kind::Count, "通話", "calls"), ["total通話"]);
        assert_eq!(named(Kind::Other, "Élan", "elan"), ["élan"]);
    }

    #[test]
    fn a_label_without_letters_gives_way_to_the_metrics_name() {
        assert_eq!(named(Kind::Count, "★ ★", "opt_ins"), ["totalOptIns"]);
        assert_eq!(named(Kind::Other, "%", "rate"), ["rate"]);
        assert_eq!(named(Kind::Other, "%", "_"), ["_"]);
    }

    #[test]
    fn of_two_equal_names_the_later_gives_way() {
        let mut taken = BTreeSet::new();
        assert_eq!(names(Kind::Count, "Calls", "calls", &mut taken), ["totalCalls"]);
        assert_eq!(names(Kind::Count, "Calls", "calls_2", &mut taken), ["calls_2"]);
        assert_eq!(names(Kind::Cumulative, "Phones", "phones", &mut taken).len(), 3);
        assert_eq!(
            names(Kind::Cumulative, "Unique phones", "mobile", &mut taken),
            ["mobile", "new_mobile", "cumulativeUnique_mobile"]
        );
        // What a row has beside is as taken.
        assert_eq!(named(Kind::Other, "Date", "delivery"), ["delivery"]);
        assert_eq!(named(Kind::Other, "Date", "date"), ["date_"]);
    }

    #[test]
    fn what_is_counted_is_the_label_without_its_kind() {
        assert_eq!(counted(Kind::Cumulative, "Unique phones"), "phones");
        assert_eq!(counted(Kind::Cumulative, "Uniqueness of phones"), "Uniqueness of phones");
        assert_eq!(counted(Kind::Count, "Unique phones"), "Unique phones");
    }

    proptest! {
        #[test]
        fn no_two_names_are_equal(labels in prop::collection::vec("[A-Ca-c ☎_-]{0,5}", 0..12)) {
            let mut taken = TAKEN.map(str::to_owned).into();
            let mut all = BTreeSet::new();
            for (at, label) in labels.iter().enumerate() {
                let kind = [Kind::Count, Kind::Distinct, Kind::Cumulative, Kind::Other][at % 4];
                for name in names(kind, label, &format!("m{at}"), &mut taken) {
                    prop_assert!(!name.is_empty());
                    prop_assert!(!TAKEN.contains(&name.as_str()));
                    prop_assert!(all.insert(name));
                }
            }
        }
    }
}
