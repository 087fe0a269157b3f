//! The words in a piece of SQL that may name a table: pure.

use std::collections::BTreeSet;

/// Every name-like word, quoted or not, wherever it stands.
///
/// Text in quotes counts too: finding too many only makes the answer more careful.
pub(super) fn words<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let mut found = BTreeSet::new();
    for sql in texts {
        found.extend(sql.split(|c| !is_part(c)).filter(|word| !word.is_empty()).map(str::to_owned));
        // A quoted name may hold anything, even spaces.
        for quote in ['`', '"'] {
            found.extend(
                sql.split(quote).skip(1).step_by(2).filter(|name| !name.is_empty()).map(str::to_owned),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_are_found_quoted_or_not() {
        let found = words(["select a.x from `my db`.`call log` a join b2$_c on 1", "\"Odd name\""]);
        for word in ["a", "my db", "call log", "b2$_c", "Odd name", "select"] {
            assert!(found.contains(word), "{word}");
        }
    }
}
