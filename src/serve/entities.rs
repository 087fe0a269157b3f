//! Entities that somebody may ask for, and only the rows that this one may see: what is outside of them is as if it were
//! not there, whatever is asked.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::access::Call;
use super::held::Opened;
use super::problem::Problem;
use crate::archive::Looks;
use crate::config::EntitySettings;
use crate::config::problem::{known_names, listed};
use crate::config::serve::Only;
use crate::model::entity::FieldKind;
use crate::ops::causes::causes;
use crate::ops::entities::growth_error::GrowthError;
use crate::ops::entities::history::{Histories, HistoryError, Subject};
use crate::ops::entities::look::{EntityError, LookRequest};
use crate::ops::entities::pick::NoRow;

/// How long connection trouble is retried, and the archive's lock is waited for: somebody waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the snapshots of entities are named in paths.
const SNAPSHOTS: &str = "-snapshots";

/// The name of their key, whatever they are called.
pub const KEY: &str = "key";

static NONE: LazyLock<Looks> = LazyLock::new(Looks::default);

/// Entities of one kind, for one who asks.
pub struct Entities {
    /// The archive.
    pub opened: Arc<Opened>,
    /// Their name.
    pub name: String,
    /// The only rows that there are for this one.
    pub only: Option<Only>,
}

impl Entities {
    /// Those whose snapshots a path names.
    ///
    /// # Errors
    /// When there are none, or this one may not see them.
    pub fn of_path(call: &Call) -> Result<Self, Problem> {
        let part: String = call.asked.part("entity")?;
        let name = part.strip_suffix(SNAPSHOTS).ok_or_else(|| {
            Problem::not_found("no-such-thing", "there is nothing of this name")
                .hint("/api tells what there is")
        })?;
        Self::named(call, name)
    }

    /// Those of a name.
    ///
    /// # Errors
    /// When there are none, or this one may not see them.
    pub fn named(call: &Call, name: &str) -> Result<Self, Problem> {
        let (opened, only) = call.entities()?;
        Self::of(opened, only.cloned(), name)
    }

    /// Those of a name, or without one the only ones that there are; of several the only ones that have counters.
    ///
    /// # Errors
    /// When there are none or several, or this one may not see them.
    pub fn chosen(call: &Call, name: Option<&str>) -> Result<Self, Problem> {
        let (opened, only) = call.entities()?;
        if let Some(name) = name {
            return Self::of(opened, only.cloned(), name);
        }
        let entities = &opened.config.entities;
        let counts = |entity: &&EntitySettings| entity.def.of_kind(FieldKind::Counter).next().is_some();
        let mut counting = entities.iter().filter(|(_, entity)| counts(entity)).map(|(name, _)| name);
        let found = match (entities.len(), counting.next(), counting.next()) {
            (1, ..) => entities.keys().next(),
            (_, found, None) => found,
            _ => None,
        };
        let found = found.cloned().ok_or_else(|| {
            if entities.is_empty() {
                return Problem::not_found("no-such-name", "there are no entities")
                    .hint("add [entities.NAME] to the configuration");
            }
            Problem::not_found("no-such-name", "there are several kinds of entities")
                .hint(format!("name one by entity: {}", listed(entities.keys().map(String::as_str))))
        })?;
        Self::of(opened, only.cloned(), &found)
    }

    fn of(opened: Arc<Opened>, only: Option<Only>, name: &str) -> Result<Self, Problem> {
        let Some(entity) = opened.config.entities.get(name) else {
            let known = opened.config.entities.keys().map(String::as_str);
            let problem = Problem::not_found("no-such-name", format!("{name:?} is no entity"));
            return Err(problem.hint(known_names("entities", name, known)));
        };
        if let Some(only) = only.as_ref().filter(|only| !entity.def.fields.contains_key(&only.field)) {
            let detail = format!("this token sees only rows with {only}, and {name} has no such field");
            return Err(Problem::forbidden(detail).hint("use a token without `only`"));
        }
        // Of a ledger with damaged lines nothing is certain.
        opened.history.intact()?;
        Ok(Self { name: name.to_owned(), only, opened })
    }

    /// How they are configured.
    ///
    /// # Errors
    /// None: there are such.
    pub fn settings(&self) -> Result<&EntitySettings, Problem> {
        let entity = self.opened.config.entities.get(&self.name);
        entity.ok_or_else(|| Problem::mistake(format!("{} is no entity", self.name)))
    }

    /// What the archive holds of them.
    pub fn looks(&self) -> &Looks {
        self.opened.looks.get(&self.name).unwrap_or(&NONE)
    }

    /// What their histories are told by.
    ///
    /// # Errors
    /// None: there are such.
    pub fn subject(&self) -> Result<Subject, Problem> {
        Ok(Subject::new(&self.name, self.settings()?))
    }

    /// Their histories.
    pub fn histories<'a>(&'a self, subject: &'a Subject) -> Histories<'a> {
        self.opened.histories(self.looks(), subject, self.only.as_ref())
    }

    /// What a capture of this one is kept to.
    pub fn filters(&self) -> Vec<(String, String)> {
        self.only.iter().map(|only| (only.field.clone(), only.value.clone())).collect()
    }

    /// The words by which one of them is named: `account_id`, or `key`.
    pub fn key_words(&self) -> [String; 2] {
        [format!("{}_id", self.name), KEY.to_owned()]
    }

    /// The key that is asked for, if one is.
    ///
    /// # Errors
    /// When it is there under both names.
    pub fn key(&self, call: &Call) -> Result<Option<String>, Problem> {
        let [own, key] = self.key_words();
        match (call.asked.get::<String>(&own)?, call.asked.get::<String>(&key)?) {
            (Some(_), Some(_)) => {
                Err(Problem::contradiction(format!("{own} and {key} say the same")).hint("give one of them"))
            }
            (own, key) => Ok(own.or(key)),
        }
    }

    /// The key that has to be asked for.
    ///
    /// # Errors
    /// When it is not there, or under both names.
    pub fn need_key(&self, call: &Call) -> Result<String, Problem> {
        let [own, _] = self.key_words();
        let missing = || Problem::bad(format!("{own:?} is missing")).hint(format!("add {own}= to the query"));
        self.key(call)?.ok_or_else(missing)
    }

    /// The key of an answer that follows from this state of the archive, a question, and what this one may see.
    ///
    /// # Errors
    /// Beyond the ends of the calendar.
    pub fn cached(&self, call: &Call, question: &str) -> Result<crate::model::Digest, Problem> {
        let only = self.only.as_ref().map(ToString::to_string);
        let question = format!("{question} {:?} {only:?} {}", self.name, call.asked.canonical());
        Ok(self.opened.key(&question, self.opened.today(call.now)?))
    }

    /// That there is no such one, for this one at least.
    pub fn unknown(&self, key: &str) -> Problem {
        let detail = format!("there is no {} {key:?}", self.name);
        Problem::not_found("no-such-key", detail)
            .hint(format!("/api/{}{SNAPSHOTS} lists what was seen", self.name))
    }

    /// What went wrong with a history; of what this one may not see it is told as of what is not.
    pub fn history_problem(&self, key: &str, error: HistoryError) -> Problem {
        let hint = error.hint();
        match error {
            HistoryError::Unknown { .. } => self.unknown(key),
            HistoryError::Several { .. } => {
                Problem::not_found("no-such-key", error.to_string()).maybe_hint(hint)
            }
            HistoryError::Thinned { .. } => {
                Problem::new(StatusCode::GONE, "thinned", error.to_string()).maybe_hint(hint)
            }
            HistoryError::Archive(error) => error.into(),
        }
    }

    /// What went wrong with growth, likewise.
    pub fn growth_problem(&self, key: Option<&str>, error: GrowthError) -> Problem {
        let hint = error.hint();
        let said = error.to_string();
        match (error, key) {
            (GrowthError::NoRow { .. } | GrowthError::Thinned { .. }, Some(key)) if self.only.is_some() => {
                self.unknown(key)
            }
            (GrowthError::NoRow { .. }, _) => Problem::not_found("no-such-key", said).maybe_hint(hint),
            (GrowthError::Thinned { .. }, _) => {
                Problem::new(StatusCode::GONE, "thinned", said).maybe_hint(hint)
            }
            (GrowthError::NoLook { .. } | GrowthError::NoDay { .. }, _) => {
                Problem::not_found("no-such-day", said).maybe_hint(hint)
            }
            (
                GrowthError::NoField { .. } | GrowthError::NoCounters { .. } | GrowthError::Unread { .. },
                _,
            ) => Problem::not_found("no-such-name", said).maybe_hint(hint),
            (GrowthError::Backwards { .. }, _) => Problem::contradiction(said).maybe_hint(hint),
            (GrowthError::Archive(error), _) => error.into(),
        }
    }
}

impl From<EntityError> for Problem {
    fn from(error: EntityError) -> Self {
        let hint = error.hint();
        match error {
            EntityError::Archive(error) => error.into(),
            EntityError::Busy { .. } => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", error.to_string())
                .maybe_hint(hint)
                .after(5),
            EntityError::Source(_) | EntityError::Look(_) | EntityError::Name(_) => {
                let unreachable = error.is_unreachable();
                let problem = Self::new(StatusCode::BAD_GATEWAY, "source", causes(&error)).maybe_hint(hint);
                if unreachable { problem.after(10) } else { problem }
            }
            EntityError::Clock | EntityError::File(_) | EntityError::Background(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "archive", causes(&error)).maybe_hint(hint)
            }
        }
    }
}

impl From<NoRow> for Problem {
    fn from(error: NoRow) -> Self {
        Self::not_found("no-such-snapshot", error.to_string()).maybe_hint(error.hint)
    }
}

/// Asks the source, on a runtime of its own: this thread has nothing else to do. What only reads ends once nobody waits
/// for it any more.
///
/// # Errors
/// Those of what is asked.
pub fn ask<T>(
    call: &Call,
    reads: bool,
    what: impl AsyncFnOnce(&LookRequest<'_>) -> Result<T, EntityError>,
) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Problem::mistake(error.to_string()))?;
    let (env, clock) = (&call.server.env, &call.server.clock);
    let (env, now) = (|name: &str| env(name), || clock());
    let patience = PATIENCE.min(call.server.settings.source_timeout);
    let request = LookRequest { env: &env, now: &now, retry_for: patience, wait: patience };
    runtime.block_on(async {
        let mut stop = call.stop.clone();
        let stopped = async {
            // Without a sender nobody waits either.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        if !reads {
            return Ok(what(&request).await?);
        }
        tokio::select! {
            done = what(&request) => Ok(done?),
            () = stopped => {
                Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "nobody waited for it"))
            }
        }
    })
}

/// The object that a request has as its body; nothing is an empty one.
///
/// # Errors
/// When it is no JSON object, has what nobody understands, or is not said to be JSON.
pub fn body(call: &Call, known: &[&str]) -> Result<Map<String, Value>, Problem> {
    if call.body.is_empty() {
        return Ok(Map::new());
    }
    let media = call.headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        let detail = format!("a body of the kind {media:?} is not understood");
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", detail);
        return Err(problem.hint("send JSON, with Content-Type: application/json"));
    }
    let read: Result<Value, _> = serde_json::from_slice(&call.body);
    let value = read.map_err(|error| Problem::bad(format!("the body is no JSON: {error}")))?;
    let Value::Object(fields) = value else {
        return Err(Problem::bad("the body is no JSON object").hint("write {\"…\": …}"));
    };
    if let Some(other) = fields.keys().find(|name| !known.contains(&name.as_str())) {
        let problem = Problem::bad(format!("{other:?} is nothing that can be said here"));
        return Err(problem.hint(known_names("fields", other, known.iter().copied())));
    }
    Ok(fields)
}

/// A text of a body; null is as if it were not there.
///
/// # Errors
/// When it is none, or too long.
pub fn text(fields: &Map<String, Value>, name: &str, longest: usize) -> Result<Option<String>, Problem> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= longest => Ok(Some(text.clone())),
        Some(Value::String(_)) => {
            Err(Problem::bad(format!("{name} is longer than {longest} characters")).hint("say it shorter"))
        }
        Some(_) => Err(Problem::bad(format!("{name} is no text")).hint("put it in quotation marks")),
    }
}

/// A yes or no of a query.
///
/// # Errors
/// When it is neither.
pub fn flag(call: &Call, name: &str) -> Result<bool, Problem> {
    match call.asked.get::<String>(name)?.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => {
            Err(Problem::bad(format!("{name}: {other:?} is neither true nor false"))
                .hint("write true or false"))
        }
    }
}
