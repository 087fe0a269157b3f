//! What a tool answers: a document, what it rests on, and both as text, within a budget of tokens.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::archive::SnapshotLine;
use crate::model::entity::RowId;
use crate::model::{Day, Digest, Edition, Provenance};
use crate::serve::problem::Problem;
use crate::view::fence;

/// So many of the things that an answer rests on are named one by one in its text.
const NAMED: usize = 6;
/// So many lists that were cut are named.
const MOST_CUTS: usize = 12;

/// The way on, where the API names one of its paths.
const ELSEWHERE: &str = "list_days, entity_list and growth with top tell what there is";

/// What an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cite {
    /// Its day.
    pub date: Day,
    /// The edition of a frozen day; `None` of a look at entities, which has none.
    pub edition: Option<Edition>,
    /// What it is, by its time; of a row of entities how it came to be kept.
    pub provenance: String,
    /// When the source was read.
    pub captured_at: DateTime<Utc>,
    /// The digest of what was kept: of the edition's manifest, or of the file with the row. `None` of what is not kept.
    pub digest: Option<Digest>,
    /// The row's id, of an entity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<RowId>,
}

impl Cite {
    /// A frozen day.
    pub fn of(line: &SnapshotLine) -> Self {
        Self {
            date: line.date,
            edition: Some(line.edition),
            provenance: line.provenance.word().to_owned(),
            captured_at: line.captured_at,
            digest: Some(line.manifest),
            snapshot_id: None,
        }
    }

    /// The word of a day's provenance, for schemas.
    pub fn provenances() -> [&'static str; 3] {
        [Provenance::Witnessed, Provenance::Reconstructed, Provenance::Provisional].map(Provenance::word)
    }

    fn line(&self) -> String {
        let mut line = self.date.to_string();
        if let Some(id) = &self.snapshot_id {
            let _ = write!(line, " {}", fence::quoted(&id.to_string()));
        }
        if let Some(edition) = self.edition {
            let _ = write!(line, " edition {edition}");
        }
        let at = self.captured_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let _ = write!(line, ", {}, read {at}", self.provenance);
        match &self.digest {
            Some(digest) => {
                let _ = write!(line, ", sha256:{digest}");
            }
            None => line.push_str(", not kept"),
        }
        line
    }
}

/// What a tool answers.
#[derive(Clone, Debug)]
pub struct Told {
    /// The answer.
    pub answer: Value,
    /// What it rests on.
    pub cites: Vec<Cite>,
    /// What is said instead of the document, which is for programs then.
    pub text: Option<String>,
    /// Which end of lists is kept when they are cut.
    pub keeps: Keeps,
    /// How less can be asked for.
    pub less: &'static str,
}

/// Which end of a list is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// The first ones.
    First,
    /// The last ones, of lists that end with the newest.
    Last,
}

impl Told {
    /// An answer that is its document.
    pub fn new(answer: Value, cites: Vec<Cite>, keeps: Keeps, less: &'static str) -> Self {
        Self { answer, cites, text: None, keeps, less }
    }

    /// It within so many tokens.
    ///
    /// # Errors
    /// When even without its lists it has more.
    pub fn within(mut self, budget: usize) -> Result<CallToolResult, Problem> {
        let cites = self.cites.len();
        let mut cuts = Vec::new();
        if fence::tokens(&self.said(&cuts)) > budget {
            // What is left of the budget once all lists have so many items: the most that fit are taken.
            let longest = longest(&self.answer).max(cites);
            let (mut fits, mut too_many) = (None, longest);
            let (mut low, mut high) = (0, longest);
            while low <= high {
                let most = usize::midpoint(low, high);
                let (cut, cuts) = self.cut(most);
                if fence::tokens(&cut.said(&cuts)) <= budget {
                    fits = Some((cut, cuts));
                    low = most + 1;
                } else {
                    too_many = most;
                    if most == 0 {
                        break;
                    }
                    high = most - 1;
                }
            }
            let Some((cut, which)) = fits else {
                let detail =
                    format!("the answer has more than {budget} tokens, with {too_many} items in each list");
                return Err(Problem::bad(detail).hint(format!("{}, or raise max_tokens", self.less)));
            };
            (self, cuts) = (cut, which);
        }
        let text = self.said(&cuts);
        let cut = (!cuts.is_empty()).then(
            || json!({ "lists": cuts.iter().take(MOST_CUTS).collect::<Vec<_>>(), "hint": self.hint() }),
        );
        let structured = json!({ "cites": self.cites, "cut": cut, "answer": self.answer });
        let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
        result.structured_content = Some(structured);
        Ok(result)
    }

    fn hint(&self) -> String {
        format!("{}, or raise max_tokens", self.less)
    }

    /// The same with no more than so many items in each list.
    fn cut(&self, most: usize) -> (Self, Vec<Cut>) {
        let mut cut = self.clone();
        let mut cuts = Vec::new();
        shorten(&mut cut.answer, "/answer", most, self.keeps, &mut cuts);
        if cut.cites.len() > most {
            let of = cut.cites.len();
            cuts.push(Cut { at: "/cites".to_owned(), kept: most, of });
            match self.keeps {
                Keeps::First => cut.cites.truncate(most),
                Keeps::Last => drop(cut.cites.drain(..of - most)),
            }
        }
        if let (Some(next), Some(first)) = (cut.answer.get("next").cloned(), cuts.first())
            && self.keeps == Keeps::First
            && first.at == "/answer/days"
        {
            // The next part begins where this one was cut.
            let dropped = self.answer.pointer(&format!("/days/{most}/date")).cloned();
            cut.answer["next"] = dropped.unwrap_or(next);
        }
        (cut, cuts)
    }

    /// It as text.
    fn said(&self, cuts: &[Cut]) -> String {
        let mut text = String::new();
        // The newest ones tell most.
        let skipped = self.cites.len().saturating_sub(NAMED);
        if skipped > 0 {
            let _ = writeln!(
                text,
                "rests on {} snapshots, which `cites` names; the last of them:",
                self.cites.len()
            );
        }
        for cite in self.cites.iter().skip(skipped) {
            let _ = writeln!(text, "source: {}", cite.line());
        }
        for cut in cuts.iter().take(MOST_CUTS) {
            let which = if self.keeps == Keeps::First { "first" } else { "last" };
            let _ = writeln!(text, "cut: {} has only its {which} {} of {}", cut.at, cut.kept, cut.of);
        }
        if cuts.len() > MOST_CUTS {
            let _ = writeln!(text, "cut: {} more lists", cuts.len() - MOST_CUTS);
        }
        if !cuts.is_empty() {
            let _ = writeln!(text, "for the rest: {}", self.hint());
        }
        match &self.text {
            Some(own) => text.push_str(own),
            None => {
                let _ = write!(text, "{}", self.answer);
            }
        }
        text
    }
}

/// A list that was cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Cut {
    at: String,
    kept: usize,
    of: usize,
}

fn longest(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(longest).max().unwrap_or(0).max(items.len()),
        Value::Object(fields) => fields.values().map(longest).max().unwrap_or(0),
        _ => 0,
    }
}

fn shorten(value: &mut Value, at: &str, most: usize, keeps: Keeps, cuts: &mut Vec<Cut>) {
    match value {
        Value::Array(items) => {
            let of = items.len();
            if of > most {
                cuts.push(Cut { at: at.to_owned(), kept: most, of });
                match keeps {
                    Keeps::First => items.truncate(most),
                    Keeps::Last => drop(items.drain(..of - most)),
                }
            }
            for (place, item) in items.iter_mut().enumerate() {
                shorten(item, &format!("{at}/{place}"), most, keeps, cuts);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                shorten(field, &format!("{at}/{name}"), most, keeps, cuts);
            }
        }
        _ => {}
    }
}

/// What went wrong, as an answer that says the way on.
pub fn failed(problem: &Problem) -> CallToolResult {
    let mut text = problem.detail.clone();
    if let Some(hint) = &problem.hint {
        // The API's words name its paths, of which there are none here.
        let hint = if hint.starts_with("/api") { ELSEWHERE } else { hint };
        let _ = write!(text, "\nhint: {hint}");
    }
    if let Some(seconds) = problem.retry_after {
        let _ = write!(text, "\ntry again after {seconds} s");
    }
    CallToolResult::error(vec![ContentBlock::text(text)])
}

/// The schema of an answer whose document is of this schema.
pub fn schema(answer: &Value) -> Map<String, Value> {
    let cite = json!({
        "type": "object",
        "properties": {
            "date": { "type": "string", "description": "The business day" },
            "edition": { "type": ["integer", "null"], "description": "Which edition of a frozen day; null of a row of entities" },
            "provenance": { "type": "string", "description": format!("Of a day {}; of a row of entities how it came to be kept", Cite::provenances().join(", ")) },
            "captured_at": { "type": "string", "description": "When the source was read, RFC 3339" },
            "digest": { "type": ["string", "null"], "description": "SHA-256 of what was kept; null of what is not kept" },
            "snapshot_id": { "type": "string", "description": "The id of an entity's row, such as 5#12" },
        },
        "required": ["date", "edition", "provenance", "captured_at", "digest"],
    });
    let cut = json!({
        "type": ["object", "null"],
        "description": "Which lists were cut to fit max_tokens, and how to ask for less; null where none was",
        "properties": {
            "lists": { "type": "array", "items": {
                "type": "object",
                "properties": {
                    "at": { "type": "string" }, "kept": { "type": "integer" }, "of": { "type": "integer" },
                },
                "required": ["at", "kept", "of"],
            } },
            "hint": { "type": "string" },
        },
        "required": ["lists", "hint"],
    });
    let all = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "cites": { "type": "array", "items": cite, "description": "What the answer rests on" },
            "cut": cut,
            "answer": answer,
        },
        "required": ["cites", "cut", "answer"],
    });
    match all {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Cite, Keeps, Told};

    fn cite(date: &str) -> Cite {
        Cite {
            date: date.parse().unwrap(),
            edition: None,
            provenance: "look".to_owned(),
            captured_at: "2025-11-07T09:00:00Z".parse().unwrap(),
            digest: None,
            snapshot_id: None,
        }
    }

    fn points(count: usize) -> Value {
        let points: Vec<Value> = (0..count).map(|at| json!({ "at": at, "text": "x".repeat(40) })).collect();
        json!({ "points": points, "by": { "a/b": [1, 2, 3] } })
    }

    #[test]
    fn what_fits_is_told_whole() {
        let told = Told::new(points(3), vec![cite("2025-11-06")], Keeps::Last, "ask for fewer days");
        let result = told.within(8000).unwrap();
        let structured = result.structured_content.unwrap();
        assert_eq!((&structured["cut"], &structured["answer"]), (&json!(null), &points(3)));
        let text = result.content[0].as_text().unwrap().text.clone();
        let first = text.lines().next().unwrap();
        assert_eq!(first, "source: 2025-11-06, look, read 2025-11-07T09:00:00Z, not kept");
        assert_eq!(serde_json::from_str::<Value>(text.lines().last().unwrap()).unwrap(), points(3));
    }

    #[test]
    fn what_does_not_fit_is_cut_at_its_older_end_and_says_so() {
        let told = Told::new(points(1000), vec![cite("2025-11-06")], Keeps::Last, "ask for fewer days");
        let result = told.within(1000).unwrap();
        let structured = result.structured_content.unwrap();
        let points = structured["answer"]["points"].as_array().unwrap();
        assert_eq!(points.last().unwrap()["at"], json!(999));
        let cut = &structured["cut"]["lists"][0];
        assert_eq!((&cut["at"], &cut["of"]), (&json!("/answer/points"), &json!(1000)));
        assert_eq!(cut["kept"], json!(points.len()));
        assert_eq!(structured["cut"]["hint"], json!("ask for fewer days, or raise max_tokens"));
        let text = &result.content[0].as_text().unwrap().text;
        // Each point has 59 bytes with its comma: about as many as fit are kept.
        assert!(text.len() <= 3000 && text.len() > 2800, "{}", text.len());
        assert!(text.contains(&format!("cut: /answer/points has only its last {} of 1000\n", points.len())));
    }

    #[test]
    fn what_has_no_lists_to_cut_says_how_to_ask_for_less() {
        let told = Told::new(json!({ "text": "x".repeat(5000) }), Vec::new(), Keeps::First, "name metrics");
        let problem = told.within(500).unwrap_err();
        assert_eq!(problem.hint.unwrap(), "name metrics, or raise max_tokens");
    }

    #[test]
    fn days_go_on_where_they_were_cut() {
        let day = |at: u32| json!({ "date": format!("2025-11-{at:02}"), "text": "x".repeat(100) });
        let days: Vec<Value> = (1..=30).map(day).collect();
        let told = Told::new(json!({ "days": days, "next": null }), Vec::new(), Keeps::First, "limit");
        let answer = told.within(500).unwrap().structured_content.unwrap()["answer"].clone();
        let kept = answer["days"].as_array().unwrap().len();
        assert!((5..15).contains(&kept), "{kept}");
        assert_eq!(answer["next"], json!(format!("2025-11-{:02}", kept + 1)));
    }
}
