//! Whether a field has a value that somebody wrote as text.

use crate::config::serve::Only;
use crate::model::Number;
use crate::model::entity::{EntityRow, FieldValue};

/// Whether it is this value; a list, whether it has it.
pub fn fits(value: Option<&FieldValue>, wanted: &str) -> bool {
    match value {
        Some(FieldValue::Number(number)) => wanted.parse::<Number>().is_ok_and(|wanted| wanted == *number),
        Some(FieldValue::Text(text)) => text == wanted,
        Some(FieldValue::List(items)) => items.iter().any(|item| item == wanted),
        None => false,
    }
}

/// Whether a row is one of those that somebody sees: where the field was not read nobody knows, so it is not.
pub fn is_of(only: Option<&Only>, row: &EntityRow) -> bool {
    only.is_none_or(|only| fits(row.fields.get(&only.field).and_then(Option::as_ref), &only.value))
}

#[cfg(test)]
mod tests {
    use super::{fits, is_of};
    use crate::model::entity::{EntityRow, FieldValue};

    #[test]
    fn values_are_held_against_text_by_their_kind() {
        let number = FieldValue::Number("5.0".parse().unwrap());
        assert!(fits(Some(&number), "5") && !fits(Some(&number), "05x"));
        assert!(fits(Some(&FieldValue::Text("5".into())), "5"));
        assert!(!fits(Some(&FieldValue::Text("5".into())), "5.0"));
        assert!(fits(Some(&FieldValue::List(vec!["a".into(), "b".into()])), "b"));
        assert!(!fits(None, "") && !fits(Some(&FieldValue::Text("a".into())), ""));
    }

    #[test]
    fn a_row_whose_field_is_unknown_is_nobodys() {
        let only = "user_id=5".parse().unwrap();
        let row = |value: Option<Option<&str>>| EntityRow {
            key: "1".into(),
            seq: 1,
            label: None,
            fields: value
                .map(|value| ("user_id".into(), value.map(|text| FieldValue::Text(text.into()))))
                .into_iter()
                .collect(),
        };
        assert!(is_of(Some(&only), &row(Some(Some("5")))));
        for value in [Some(Some("6")), Some(None), None] {
            assert!(!is_of(Some(&only), &row(value)));
            assert!(is_of(None, &row(value)));
        }
    }
}
