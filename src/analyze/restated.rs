//! What differs between two editions of a day.

use indexmap::IndexMap;

use super::compare;
use crate::model::Number;
use crate::model::compared::ChangeDoc;

/// A metric whose value is another one in a later edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restated {
    /// Its name.
    pub metric: String,
    /// Its value in the earlier edition; `None` when it was unknown, or there was no such metric.
    pub before: Option<Number>,
    /// Its value in the later one; `None` likewise.
    pub after: Option<Number>,
    /// What has changed, where both are known.
    pub change: Option<ChangeDoc>,
}

/// The metrics whose values differ, in the order of the later edition; those that only the earlier one has
/// follow. A metric that is unknown in one and missing in the other does not differ.
pub fn restated(
    before: &IndexMap<String, Option<Number>>,
    after: &IndexMap<String, Option<Number>>,
) -> Vec<Restated> {
    let names = after.keys().chain(before.keys().filter(|name| !after.contains_key(*name)));
    names
        .filter_map(|name| {
            let value = |of: &IndexMap<String, Option<Number>>| of.get(name).cloned().flatten();
            let (before, after) = (value(before), value(after));
            let change = before.as_ref().zip(after.as_ref()).map(|(before, after)| compare(after, before));
            (before != after).then(|| Restated { metric: name.clone(), before, after, change })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::restated;
    use crate::model::Number;

    fn values(of: &[(&str, Option<&str>)]) -> IndexMap<String, Option<Number>> {
        let value = |text: &str| text.parse().unwrap();
        of.iter().map(|(name, text)| ((*name).to_owned(), text.map(value))).collect()
    }

    #[test]
    fn only_what_differs_is_told_with_its_exact_change() {
        let before = values(&[("calls", Some("5")), ("sales", Some("2")), ("rate", Some("0.40"))]);
        let after = values(&[("calls", Some("5.0")), ("sales", Some("3")), ("rate", Some("0.6"))]);
        let found = restated(&before, &after);
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.metric.as_str(), one.change.as_ref().unwrap().change.to_string()))
            .collect();
        assert_eq!(told, [("sales", "1".to_owned()), ("rate", "0.20".to_owned())]);
    }

    #[test]
    fn what_is_unknown_in_one_edition_has_no_change() {
        let before = values(&[("gone", Some("1")), ("idle", None), ("lost", Some("0"))]);
        let after = values(&[("lost", None), ("new", Some("0"))]);
        let found = restated(&before, &after);
        let told: Vec<_> = found.iter().map(|one| one.metric.as_str()).collect();
        assert_eq!(told, ["lost", "new", "gone"]);
        assert!(found.iter().all(|one| one.change.is_none()));
    }
}
