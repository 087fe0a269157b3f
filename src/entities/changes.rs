//! What happened to an entity between two rows, by the rules of the configuration.

use indexmap::IndexMap;

use crate::config::entities::{ChangeRule, ChangeWhen};
use crate::model::entity::{EntityRow, FieldValue};

/// The names of the rules that the move from one row to another fulfils, in the order of the rules.
///
/// What was not read in one of the rows is not compared; NULL is a value like others where any other
/// value counts, and is no number to move from or to.
pub fn changes(rules: &IndexMap<String, ChangeRule>, from: &EntityRow, to: &EntityRow) -> Vec<String> {
    let fulfilled = rules.iter().filter(|(_, rule)| {
        let (Some(from), Some(to)) = (from.fields.get(&rule.field), to.fields.get(&rule.field)) else {
            return false;
        };
        is_fulfilled(&rule.when, from.as_ref(), to.as_ref())
    });
    fulfilled.map(|(name, _)| name.clone()).collect()
}

fn is_fulfilled(when: &ChangeWhen, from: Option<&FieldValue>, to: Option<&FieldValue>) -> bool {
    let items = |value: Option<&FieldValue>| value.and_then(FieldValue::list).unwrap_or_default().to_vec();
    match when {
        ChangeWhen::Changed => from != to,
        ChangeWhen::Added => {
            let before = items(from);
            items(to).iter().any(|item| !before.contains(item))
        }
        ChangeWhen::Removed => {
            let after = items(to);
            items(from).iter().any(|item| !after.contains(item))
        }
        ChangeWhen::MoreThan(amount) => {
            let numbers = from.and_then(FieldValue::number).zip(to.and_then(FieldValue::number));
            // A share of nothing is not known; that it is more than nothing is.
            numbers.is_some_and(|(from, to)| amount.is_exceeded(from, to).unwrap_or(from != to))
        }
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::changes;
    use crate::config::entities::{Amount, ChangeRule, ChangeWhen};
    use crate::model::entity::{EntityRow, FieldValue};

    fn rules() -> IndexMap<String, ChangeRule> {
        let rule = |name: &str, field: &str, when: ChangeWhen| {
            (name.to_owned(), ChangeRule { field: field.to_owned(), when })
        };
        [
            rule("health_score_change", "health", ChangeWhen::MoreThan(Amount::parse("5 points").unwrap())),
            rule("revenue_change", "revenue", ChangeWhen::MoreThan(Amount::parse("10%").unwrap())),
            rule("status_change", "status", ChangeWhen::Changed),
            rule("playbook_started", "books", ChangeWhen::Added),
            rule("playbook_completed", "books", ChangeWhen::Removed),
        ]
        .into_iter()
        .collect()
    }

    fn row(
        health: Option<&str>,
        revenue: Option<&str>,
        status: Option<&str>,
        books: Option<&[&str]>,
    ) -> EntityRow {
        let number = |text: Option<&str>| text.map(|text| FieldValue::Number(text.parse().unwrap()));
        let books =
            books.map(|books| FieldValue::List(books.iter().map(|book| (*book).to_owned()).collect()));
        let fields = [
            ("health", number(health)),
            ("revenue", number(revenue)),
            ("status", status.map(|status| FieldValue::Text(status.to_owned()))),
            ("books", books),
        ];
        EntityRow {
            key: "5".into(),
            seq: 1,
            label: None,
            fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }

    #[test]
    fn what_happened_is_told_by_the_rules() {
        let before = row(Some("70"), Some("1000"), Some("active"), Some(&["a", "b"]));
        for (after, expected) in [
            (before.clone(), &[][..]),
            (row(Some("75"), Some("1100"), Some("active"), Some(&["b", "a"])), &[]),
            (
                row(Some("75.1"), Some("899"), Some("active"), Some(&["a", "b"])),
                &["health_score_change", "revenue_change"],
            ),
            (
                row(Some("70"), Some("1000"), Some("churn"), Some(&["b", "c"])),
                &["status_change", "playbook_started", "playbook_completed"],
            ),
            (row(None, None, None, None), &["status_change", "playbook_completed"]),
        ] {
            assert_eq!(changes(&rules(), &before, &after), expected);
        }
        let nothing = row(Some("0"), Some("0"), None, Some(&[]));
        let something = row(Some("4"), Some("1"), None, Some(&["a"]));
        assert_eq!(changes(&rules(), &nothing, &something), ["revenue_change", "playbook_started"]);
        let mut renamed = before.clone();
        renamed.fields.shift_remove("status");
        assert_eq!(changes(&rules(), &before, &renamed), [""; 0], "what was not read did not change");
    }
}
