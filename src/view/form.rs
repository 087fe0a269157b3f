//! A form that asks for something or has something done, as HTML.

use askama::Template;

/// A form.
#[derive(Clone, Debug, Template)]
#[template(path = "serve/form.html")]
pub struct Form {
    /// What tells its fields from those of other forms of the page.
    pub id: &'static str,
    /// Where it is sent.
    pub action: &'static str,
    /// `get` or `post`.
    pub method: &'static str,
    /// What it is for.
    pub label: String,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The words on its button.
    pub submit: &'static str,
    /// What is to be known.
    pub note: Option<String>,
}

/// A field of a form.
#[derive(Clone, Debug)]
pub enum Field {
    /// What is sent along.
    Hidden {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// A day.
    Day {
        /// Its name.
        name: &'static str,
        /// What it is.
        label: &'static str,
        /// The day at first; empty for none.
        value: String,
        /// The first and the last day.
        bounds: Option<(String, String)>,
    },
    /// A text.
    Text {
        /// Its name.
        name: &'static str,
        /// What it is.
        label: &'static str,
        /// The text at first.
        value: String,
        /// Whether there has to be one.
        needed: bool,
    },
    /// One of some.
    Choice {
        /// Its name.
        name: &'static str,
        /// What it is.
        label: &'static str,
        /// The value, what it is called, and whether it is chosen.
        options: Vec<(String, String, bool)>,
    },
}

impl Form {
    /// A form that asks for a page.
    pub fn get(id: &'static str, action: &'static str, label: &str, submit: &'static str) -> Self {
        let (fields, note) = (Vec::new(), None);
        Self { id, action, method: "get", label: label.to_owned(), fields, submit, note }
    }

    /// A form that has something done.
    pub fn post(id: &'static str, action: &'static str, label: &str, submit: &'static str) -> Self {
        Self { method: "post", ..Self::get(id, action, label, submit) }
    }

    /// The same with a field more.
    #[must_use]
    pub fn with(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// The HTML.
    ///
    /// # Errors
    /// None in practice: writing into memory does not fail.
    pub fn html(&self) -> Result<String, askama::Error> {
        self.render()
    }
}
