//! A query as it is sent: text, bound values, and a name for messages.

use crate::model::Value;
use crate::model::definitions::Dialect;
use crate::model::sql_text::{Piece, around_bound};

/// One SQL statement with its values. Values are bound, never written into the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What it is called in messages: `events.calls`, `labels of calls.campaign`.
    pub name: String,
    /// The statement, with `?` for each bound value.
    pub sql: String,
    /// The values, in the order of the `?`.
    pub params: Vec<Value>,
}

impl Query {
    /// Whether it asks what another one does, whatever they are called.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        self.sql == other.sql && self.params == other.params
    }

    /// The statement with its values written in, for people to read and to paste into the
    /// database's own client. It is never sent.
    pub fn literal(&self, dialect: Dialect) -> String {
        let mut text = String::with_capacity(self.sql.len() + 64);
        let mut params = self.params.iter();
        for piece in around_bound(dialect, &self.sql) {
            match (piece, params.len()) {
                (Piece::Text(piece), _) => text.push_str(piece),
                (Piece::Bound, 0) => text.push('?'),
                (Piece::Bound, _) => text.extend(params.next().map(|value| literal(dialect, value))),
            }
        }
        text
    }
}

fn literal(dialect: Dialect, value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Text(text) => {
            let text = text.replace('\'', "''");
            match dialect {
                Dialect::Mysql => format!("'{}'", text.replace('\\', "\\\\")),
                Dialect::Sqlite | Dialect::Postgres => format!("'{text}'"),
            }
        }
        Value::Bytes(bytes) => {
            let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            match dialect {
                Dialect::Mysql | Dialect::Sqlite => format!("x'{}'", digits.concat()),
                Dialect::Postgres => format!(r"'\x{}'", digits.concat()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Query;
    use crate::model::Value;
    use crate::model::definitions::Dialect;

    #[test]
    fn values_are_written_in_for_people() {
        let query = Query {
            name: "q".into(),
            sql: "a = ? and b = '?' and c < ?".into(),
            params: vec![Value::text(r"it's \ me"), Value::from(5)],
        };
        assert_eq!(query.literal(Dialect::Mysql), r"a = 'it''s \\ me' and b = '?' and c < 5");
        assert_eq!(query.literal(Dialect::Sqlite), r"a = 'it''s \ me' and b = '?' and c < 5");
        let query = Query {
            sql: "a = ? and b ?? 'x' and c = $$?$$".into(),
            params: vec![Value::Bytes(vec![255])],
            ..query
        };
        assert_eq!(query.literal(Dialect::Postgres), r"a = '\xff' and b ? 'x' and c = $$?$$");
    }
}
